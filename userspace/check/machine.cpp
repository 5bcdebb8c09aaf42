// SPDX-License-Identifier: BSD-2-Clause
#include "check/machine.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "procfs/file.h"

namespace check {

namespace {

constexpr KernelVersion kOldest{5, 10};

std::optional<std::string> first_line(const std::filesystem::path& path) {
    auto text = procfs::read_file(path.string());
    if (!text) return std::nullopt;
    return text->substr(0, text->find('\n'));
}

Finding kernel(const std::string& release) {
    const auto version = version_in(release);
    if (version >= kOldest) return {"kernel", Mark::fine, release, ""};
    return {"kernel", Mark::fatal, release, "Linux 5.10 is the oldest that is supported"};
}

std::filesystem::path btf_file(const std::filesystem::path& sys) { return sys / "kernel/btf/vmlinux"; }

Finding btf(const std::filesystem::path& sys) {
    if (has_btf(sys)) return {"btf", Mark::fine, btf_file(sys).string(), ""};
    return {"btf", Mark::fatal, "missing", "mount /sys, or use a kernel built with CONFIG_DEBUG_INFO_BTF=y"};
}

Finding pid_namespace(const procfs::ProcFs& proc) {
    const auto hosts = in_hosts_pid_namespace(proc);
    if (!hosts) return {"pid_namespace", Mark::limited, "unknown", hosts.error().text};
    if (*hosts) return {"pid_namespace", Mark::fine, "the host's", ""};
    return {"pid_namespace", Mark::fatal, "not the host's",
            "the kernel's process numbers would mean others here: docker run --pid=host, hostPID: true"};
}

Finding user_namespace(const Privileges& privileges) {
    if (privileges.initial_user_namespace) return {"user_namespace", Mark::fine, "the host's", ""};
    return {"user_namespace", Mark::fatal, "not the host's",
            "capabilities in a user namespace of its own do not reach the kernel: run outside of it"};
}

Finding tracefs(const std::filesystem::path& sys) {
    for (const auto* folder : {"kernel/tracing/events", "kernel/debug/tracing/events"})
        if (access((sys / folder).c_str(), R_OK) == 0)
            return {"tracefs", Mark::fine, (sys / folder).parent_path().string(), ""};
    return {"tracefs", Mark::fine, "not mounted or not readable", "not needed: the tracepoints are raw ones"};
}

Finding lockdown(const std::filesystem::path& sys) {
    const auto text = first_line(sys / "kernel/security/lockdown");
    if (!text) return {"lockdown", Mark::fine, "none or not shown", ""};
    const auto begin = text->find('[');
    const auto end = text->find(']');
    const auto mode = begin < end && end != std::string::npos ? text->substr(begin + 1, end - begin - 1) : *text;
    if (mode != "confidentiality") return {"lockdown", Mark::fine, mode, ""};
    return {"lockdown", Mark::fatal, mode, "BPF programs may not read memory in this mode"};
}

Finding seccomp(const Privileges& privileges) {
    if (privileges.seccomp == 0) return {"seccomp", Mark::fine, "none", ""};
    return {"seccomp", Mark::limited, privileges.seccomp == 2 ? "a filter" : "strict",
            "where the system call bpf is refused, this is why: allow it in the container's profile"};
}

Finding yama(const procfs::ProcFs& proc) {
    const auto text = first_line(proc.root() / "sys/kernel/yama/ptrace_scope");
    if (!text) return {"yama", Mark::fine, "none", ""};
    if (*text != "3") return {"yama", Mark::fine, "kernel.yama.ptrace_scope=" + *text, ""};
    return {"yama", Mark::limited, "kernel.yama.ptrace_scope=3",
            "no process's memory is readable: no Gunicorn version, no ages from the Arbiter, no layout of Python"};
}

Finding statistics(const procfs::ProcFs& proc) {
    const auto text = first_line(proc.root() / "sys/kernel/bpf_stats_enabled");
    if (text && *text == "1") return {"bpf_statistics", Mark::fine, "on", ""};
    return {"bpf_statistics", Mark::limited, text ? "off" : "unknown",
            "what the programs themselves cost is not shown (sysctl kernel.bpf_stats_enabled=1)"};
}

Finding memlock(bool matters) {
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    const auto value =
        limit.rlim_cur == RLIM_INFINITY ? std::string("unlimited") : fmt::format("{} KiB", limit.rlim_cur / 1024);
    if (limit.rlim_cur == RLIM_INFINITY || !matters)
        return {"memlock", Mark::fine, value, matters ? "" : "does not matter to this kernel"};
    return {"memlock", Mark::limited, value, "maps count against it before Linux 5.11; CAP_SYS_RESOURCE raises it"};
}

} // namespace

bool has_btf(const std::filesystem::path& sys) { return access(btf_file(sys).c_str(), R_OK) == 0; }

Result<bool> in_hosts_pid_namespace(const procfs::ProcFs& proc) {
    constexpr std::uint64_t kInitial = 0xEFFFFFFC; // PROC_PID_INIT_INO, include/linux/proc_ns.h
    TRY(const auto found, proc.pid_namespace(getpid()));
    return found == kInitial;
}

Privileges privileges_of_self(const procfs::ProcFs& proc) {
    Privileges privileges;
    const auto status = procfs::read_file((proc.root() / "self/status").string());
    const auto field = [&](std::string_view name) -> std::string_view {
        if (!status) return {};
        const auto at = status->find(name);
        if (at == std::string::npos) return {};
        const std::string_view rest = std::string_view(*status).substr(at + name.size());
        return rest.substr(0, rest.find('\n'));
    };
    const auto held = field("\nCapEff:\t");
    std::uint64_t mask = 0;
    std::from_chars(held.data(), held.data() + held.size(), mask, 16);
    privileges.capabilities = Held(mask);
    const auto seccomp = field("\nSeccomp:\t");
    std::from_chars(seccomp.data(), seccomp.data() + seccomp.size(), privileges.seccomp);
    // One line that maps all there are onto themselves, user_namespaces(7).
    const auto map = first_line(proc.root() / "self/uid_map");
    unsigned inside = 0;
    unsigned outside = 0;
    unsigned count = 0;
    if (map && std::sscanf(map->c_str(), "%u %u %u", &inside, &outside, &count) == 3)
        privileges.initial_user_namespace = inside == 0 && outside == 0 && count == 4'294'967'295u;
    return privileges;
}

std::vector<Finding> findings_of_capabilities(const Held& held, KernelVersion kernel) {
    std::vector<Finding> findings;
    for (const auto& each : capabilities()) {
        std::string name(each.name);
        if (held.has(each.number)) {
            findings.push_back({std::move(name), Mark::fine, "held", ""});
        } else if (held.meets(each)) {
            findings.push_back({std::move(name), Mark::fine, fmt::format("held, by {}", each.included_in->name), ""});
        } else if (!each.needed_by(kernel)) {
            findings.push_back({std::move(name), Mark::fine, "missing", "not needed by this kernel"});
        } else {
            // Who serves for one user only will not mind the second kind: it is for check to say that others would.
            const auto mark = each.needed_for == Capability::For::details ? Mark::limited : Mark::fatal;
            findings.push_back({std::move(name), mark, "missing", std::string(each.without)});
        }
    }
    return findings;
}

std::vector<Finding> findings_of_machine(const procfs::ProcFs& proc, const std::filesystem::path& sys,
                                         const std::string& release, const Privileges& privileges) {
    const auto version = version_in(release);
    const bool memlock_matters = version >= kOldest && version < kMapsNotLocked;
    std::vector<Finding> findings{
        kernel(release),     btf(sys),   pid_namespace(proc), user_namespace(privileges), lockdown(sys),
        seccomp(privileges), yama(proc), tracefs(sys),        memlock(memlock_matters),   statistics(proc)};
    for (auto& finding : findings_of_capabilities(privileges.capabilities, version))
        findings.push_back(std::move(finding));
    return findings;
}

} // namespace check
