// SPDX-License-Identifier: BSD-2-Clause
// Where a probe is cheap, and where it is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "python/raise_site.h"

namespace python {
namespace {

int emulated(std::array<int, kSiteBytes> code) {
    std::array<std::byte, kSiteBytes> bytes{};
    std::ranges::transform(code, bytes.begin(), [](int each) { return static_cast<std::byte>(each); });
    return emulated_at(bytes);
}

TEST(RaiseSite, IsAnInstructionThatTheKernelEmulates) {
    EXPECT_EQ(emulated({0x53, 0x48, 0x89, 0xfb, 0, 0}), 0) << "push rbx";
    EXPECT_EQ(emulated({0x41, 0x57, 0x66, 0x0f, 0xef, 0xc0}), 0) << "push r15";
    EXPECT_EQ(emulated({0x90, 0, 0, 0, 0, 0}), 0) << "nop";
    EXPECT_EQ(emulated({0xe8, 1, 2, 3, 4, 0}), 0) << "call";
    EXPECT_EQ(emulated({0xe9, 1, 2, 3, 4, 0}), 0) << "jmp";
    EXPECT_EQ(emulated({0xeb, 1, 0, 0, 0, 0}), 0) << "short jmp";
}

TEST(RaiseSite, IsBehindTheMarkOfAJumpsTarget) {
    EXPECT_EQ(emulated({0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0x57}), 4);
    EXPECT_EQ(emulated({0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48}), 4);
}

TEST(RaiseSite, IsNowhereElse) {
    EXPECT_LT(emulated({0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83}), 0) << "sub rsp, as Python 3.14 of Debian sid";
    EXPECT_LT(emulated({0x48, 0x85, 0xf6, 0, 0, 0}), 0) << "test";
    EXPECT_LT(emulated({0x41, 0x89, 0xfc, 0, 0, 0}), 0) << "mov r12d";
    EXPECT_LT(emulated({0xf3, 0x0f, 0x1e, 0xfb, 0x55, 0}), 0) << "endbr32";
}

TEST(RaiseSite, IsNotInAProgramWithoutThatFunction) {
    const auto file = ElfFile::open("/proc/self/exe");
    ASSERT_TRUE(file);
    const auto site = raise_site(*file);
    ASSERT_FALSE(site);
    EXPECT_THAT(site.error().text, testing::HasSubstr("PyTraceBack_Here"));
}

TEST(RaiseSite, IsFoundInTheSystemsPython) {
    const auto file = ElfFile::open("/usr/bin/python3");
    ASSERT_TRUE(file);
    const auto site = raise_site(*file);
    ASSERT_TRUE(site) << site.error().text;
    std::array<std::byte, kSiteBytes> code{};
    ASSERT_TRUE(file->read(*site, code));
    EXPECT_EQ(emulated_at(code), 0);
}

} // namespace
} // namespace python
