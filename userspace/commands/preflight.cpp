// SPDX-License-Identifier: BSD-2-Clause
#include "commands/preflight.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "check/machine.h"

namespace commands {

namespace {

// "CAP_BPF (to load BPF programs …), CAP_PERFMON (…)".
std::string list(const std::vector<const check::Capability*>& capabilities) {
    std::vector<std::string> texts;
    for (const auto* each : capabilities) texts.push_back(fmt::format("{} ({})", each->name, each->purpose));
    return fmt::format("{}", fmt::join(texts, ", "));
}

Result<void> check_capabilities(const procfs::ProcFs& proc) {
    const auto lacking = check::missing(check::privileges_of_self(proc).capabilities, check::KernelVersion::running());
    if (std::ranges::any_of(lacking,
                            [](const auto* each) { return each->needed_for == check::Capability::For::anything; })) {
        return fail(fmt::format("missing {}: run as root{}", list(lacking),
                                geteuid() == 0 ? " with these capabilities (a container has to add them)"
                                               : ", for example with sudo, or give it these capabilities"));
    }
    for (const auto* each : lacking) spdlog::warn("without {} {} (it is {})", each->name, each->without, each->purpose);
    return {};
}

} // namespace

Result<void> preflight(const procfs::ProcFs& proc) {
    TRY_VOID(check_capabilities(proc));
    if (!check::in_hosts_pid_namespace(proc).value_or(true)) {
        return fail("this is not the host's PID namespace, so the kernel's process numbers would mean others here: "
                    "run on the host, with docker run --pid=host, or with hostPID: true in Kubernetes");
    }
    if (!check::has_btf("/sys")) {
        return fail("the kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, "
                    "as distributions' kernels from Linux 5.10 on are, and mount /sys");
    }
    return {};
}

} // namespace commands
