// SPDX-License-Identifier: BSD-2-Clause
#include "check/capabilities.h"

#include <linux/capability.h>
#include <sys/utsname.h>

#include <array>
#include <cstdio>

namespace check {

namespace {

constexpr Inclusive kAdmin{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"};

constexpr std::array kCapabilities{
    Capability{.number = CAP_BPF,
               .name = "CAP_BPF",
               .included_in = kAdmin,
               .purpose = "to load BPF programs and to read what they count",
               .without = "nothing can be observed",
               .needed_for = Capability::For::anything,
               .not_since = {},
               .stays = true},
    Capability{.number = CAP_PERFMON,
               .name = "CAP_PERFMON",
               .included_in = kAdmin,
               .purpose = "to attach them to tracepoints and to interpreters that appear later",
               .without = "nothing can be observed",
               .needed_for = Capability::For::anything,
               .not_since = {},
               .stays = true},
    Capability{.number = CAP_SYS_PTRACE,
               .name = "CAP_SYS_PTRACE",
               .included_in = {},
               .purpose = "to see other users' open files and memory in /proc",
               .without = "only Gunicorns are found that run as this user and with no more capabilities",
               .needed_for = Capability::For::everybody,
               .not_since = {},
               .stays = true},
    Capability{.number = CAP_DAC_READ_SEARCH,
               .name = "CAP_DAC_READ_SEARCH",
               .included_in = Inclusive{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},
               .purpose = "to enter other users' directories in /proc",
               .without = "only Gunicorns are found that run as this user",
               .needed_for = Capability::For::everybody,
               .not_since = {},
               .stays = true},
    Capability{.number = CAP_CHECKPOINT_RESTORE,
               .name = "CAP_CHECKPOINT_RESTORE",
               .included_in = kAdmin,
               .purpose = "to open an interpreter's file that has been replaced on disk since it was started",
               .without = "exception classes of such interpreters are \"unknown\"",
               .needed_for = Capability::For::details,
               .not_since = {},
               .stays = true},
    Capability{.number = CAP_SYS_RESOURCE,
               .name = "CAP_SYS_RESOURCE",
               .included_in = {},
               .purpose = "to raise RLIMIT_MEMLOCK, against which Linux 5.10 counts maps",
               .without = "the programs load only if the limit is raised from outside (ulimit -l, LimitMEMLOCK=)",
               .needed_for = Capability::For::details,
               .not_since = kMapsNotLocked,
               .stays = false},
};

} // namespace

KernelVersion version_in(const std::string& release) {
    KernelVersion version;
    if (std::sscanf(release.c_str(), "%d.%d", &version.major, &version.minor) != 2) return {};
    return version;
}

KernelVersion KernelVersion::running() {
    utsname system{};
    return uname(&system) == 0 ? version_in(system.release) : KernelVersion{};
}

std::span<const Capability> capabilities() { return kCapabilities; }

std::vector<const Capability*> missing(const Held& held, KernelVersion kernel) {
    std::vector<const Capability*> result;
    for (const auto& each : kCapabilities) {
        if (each.needed_by(kernel) && !held.meets(each)) result.push_back(&each);
    }
    return result;
}

} // namespace check
