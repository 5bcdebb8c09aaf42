// SPDX-License-Identifier: BSD-2-Clause
// Which capabilities are missed, by kernel and by what stands for what.
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <string>
#include <vector>

#include "check/capabilities.h"

namespace check {
namespace {

constexpr KernelVersion kOld{5, 10};
constexpr KernelVersion kNew{6, 1};

template <typename... Number> Held held(Number... numbers) { return Held(((1ull << numbers) | ... | 0ull)); }

std::vector<std::string> names(const Held& capabilities, KernelVersion kernel) {
    std::vector<std::string> result;
    for (const auto* each : missing(capabilities, kernel)) result.emplace_back(each->name);
    return result;
}

using Names = std::vector<std::string>;

TEST(Capabilities, NoneAndAll) {
    EXPECT_EQ(names(Held(0), kNew),
              (Names{"CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_CHECKPOINT_RESTORE"}));
    EXPECT_EQ(names(Held(~0ull), kOld), Names{});
}

TEST(Capabilities, SysAdminStandsForTheYoungerOnes) {
    EXPECT_EQ(names(held(CAP_SYS_ADMIN), kNew), (Names{"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}));
    EXPECT_EQ(names(held(CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE), kNew), Names{});
}

TEST(Capabilities, LockedMemoryIsCountedByOldKernelsOnly) {
    const auto minimum = held(CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE);
    EXPECT_EQ(names(minimum, kOld), Names{"CAP_SYS_RESOURCE"});
    EXPECT_EQ(names(minimum, {5, 11}), Names{});
    EXPECT_EQ(names(minimum, kNew), Names{});
}

TEST(Capabilities, WithoutTheVitalOnesNothingIsLeft) {
    for (const auto& each : capabilities())
        EXPECT_EQ(each.needed_for == Capability::For::anything, each.number == CAP_BPF || each.number == CAP_PERFMON)
            << each.name;
}

TEST(Capabilities, TheRunningKernelHasAVersion) { EXPECT_GE(KernelVersion::running(), (KernelVersion{5, 0})); }

} // namespace
} // namespace check
