// SPDX-License-Identifier: BSD-2-Clause
// Where the arguments of a USDT probe are, as compilers write it.
#include <asm/ptrace.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "probe/usdt.h"

namespace probe {
namespace {

using Kind = UsdtArgument::Kind;

TEST(UsdtSpec, RegistersMemoryAndConstants) {
    const auto spec = usdt_spec("-4@%ebx 8@16(%rsp) 4@$-3 1@%r12b -8@-20(%rbp) 2@(%rax)");
    ASSERT_TRUE(spec) << spec.error().text;
    ASSERT_EQ(spec->count, 6);
    EXPECT_EQ(spec->arguments[0], (UsdtArgument{0, Kind::in_register, offsetof(pt_regs, rbx), true, 32}));
    EXPECT_EQ(spec->arguments[1], (UsdtArgument{16, Kind::in_memory, offsetof(pt_regs, rsp), false, 0}));
    EXPECT_EQ(spec->arguments[2], (UsdtArgument{static_cast<std::uint64_t>(-3), Kind::constant, 0, false, 32}));
    EXPECT_EQ(spec->arguments[3], (UsdtArgument{0, Kind::in_register, offsetof(pt_regs, r12), false, 56}));
    EXPECT_EQ(spec->arguments[4],
              (UsdtArgument{static_cast<std::uint64_t>(-20), Kind::in_memory, offsetof(pt_regs, rbp), true, 0}));
    EXPECT_EQ(spec->arguments[5], (UsdtArgument{0, Kind::in_memory, offsetof(pt_regs, rax), false, 48}));
}

TEST(UsdtSpec, NoArguments) { EXPECT_EQ(usdt_spec("")->count, 0); }

TEST(UsdtSpec, WhatCannotBeFollowedIsAnError) {
    for (const char* text : {"%ebx", "3@%ebx", "4@ebx", "4@%xmm0", "8@(%rax,%rbx,8)", "8@symbol(%rip)", "4@", "4@$",
                             "@%eax", "4@8(%rsp", "4@$99999999999999999999"})
        EXPECT_FALSE(usdt_spec(text)) << text;
    std::string many;
    for (std::size_t i = 0; i <= UsdtSpec::kMaxArguments; ++i) many += "4@%eax ";
    EXPECT_FALSE(usdt_spec(many));
}

} // namespace
} // namespace probe
