// SPDX-License-Identifier: BSD-2-Clause
#include "commands/preflight.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace commands {

namespace {

// PROC_PID_INIT_INO, include/linux/proc_ns.h: the inode of the machine's first PID namespace.
constexpr std::uint64_t kInitialPidNamespace = 0xEFFFFFFC;

std::uint64_t effective_capabilities(const procfs::ProcFs& proc) {
    std::ifstream status(proc.root() / "self/status");
    constexpr std::string_view kField = "CapEff:\t";
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(kField)) continue;
        std::uint64_t capabilities = 0;
        std::from_chars(line.data() + kField.size(), line.data() + line.size(), capabilities, 16);
        return capabilities;
    }
    return 0;
}

Result<void> check_capabilities(const procfs::ProcFs& proc) {
    const auto held = effective_capabilities(proc);
    const auto has = [&](int capability) { return (held >> capability & 1) != 0; };
    std::vector<std::string_view> missing;
    if (!has(CAP_SYS_ADMIN)) { // stands for both, and did so alone before Linux 5.8
        if (!has(CAP_BPF)) missing.emplace_back("CAP_BPF (to load BPF programs)");
        if (!has(CAP_PERFMON)) missing.emplace_back("CAP_PERFMON (to attach them to tracepoints)");
    }
    if (!has(CAP_SYS_PTRACE)) missing.emplace_back("CAP_SYS_PTRACE (to see other processes' open files in /proc)");
    if (!has(CAP_DAC_READ_SEARCH) && !has(CAP_DAC_OVERRIDE))
        missing.emplace_back("CAP_DAC_READ_SEARCH (to read other users' directories in /proc)");
    if (missing.empty()) return {};
    return fail(fmt::format("missing {}: run as root{}", fmt::join(missing, ", "),
                            geteuid() == 0 ? " with these capabilities (a container has to add them)"
                                           : ", for example with sudo, or give it these capabilities"));
}

} // namespace

Result<void> preflight(const procfs::ProcFs& proc) {
    if (auto allowed = check_capabilities(proc); !allowed) return allowed;
    const auto name_space = proc.pid_namespace(getpid());
    if (name_space && *name_space != kInitialPidNamespace) {
        return fail("this is not the host's PID namespace, so the kernel's process numbers would mean others here: "
                    "run on the host, with docker run --pid=host, or with hostPID: true in Kubernetes");
    }
    if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
        return fail("the kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, "
                    "as distributions' kernels from Linux 5.10 on are, and mount /sys");
    }
    return {};
}

} // namespace commands
