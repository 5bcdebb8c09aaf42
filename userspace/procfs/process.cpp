// SPDX-License-Identifier: BSD-2-Clause
// What /proc says about one process.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "errno_text.h"
#include "procfs/fields.h"
#include "procfs/file.h"
#include "procfs/procfs.h"

namespace procfs {
namespace {

// Fields from the third on, behind "pid (comm)". Numbers as in proc(5).
bool parse_stat_fields(std::string_view rest, Stat& stat) {
    const auto state = next_field(rest); // 3
    const auto parent = number<pid_t>(next_field(rest));
    skip_fields(rest, 9); // 5-13
    const auto user = number<std::uint64_t>(next_field(rest));
    const auto system = number<std::uint64_t>(next_field(rest));
    skip_fields(rest, 4); // 16-19
    const auto threads = number<std::uint32_t>(next_field(rest));
    skip_fields(rest, 1); // 21
    const auto start = number<std::uint64_t>(next_field(rest));
    const auto size = number<std::uint64_t>(next_field(rest));
    skip_fields(rest, 4); // 24-27
    const auto stack = number<std::uint64_t>(next_field(rest));
    if (state.size() != 1 || !parent || !user || !system || !threads || !start || !size || !stack) return false;
    stat.state = state.front();
    stat.parent = *parent;
    stat.user_ticks = *user;
    stat.system_ticks = *system;
    stat.threads = *threads;
    stat.start_ticks = *start;
    stat.virtual_bytes = *size;
    stat.stack_start = *stack;
    return true;
}

bool parse_status_line(std::string_view line, Status& status) {
    const auto key = next_field(line);
    if (key == "Tgid:") {
        const auto pid = number<pid_t>(next_field(line));
        status.process = pid.value_or(0);
        return pid.has_value();
    }
    if (key == "NSpid:") {
        for (auto field = next_field(line); !field.empty(); field = next_field(line)) {
            const auto pid = number<pid_t>(field);
            if (!pid) return false;
            status.namespace_pids.push_back(*pid);
        }
        return true;
    }
    if (key == "Threads:") status.threads = number<std::uint32_t>(next_field(line)).value_or(0);
    if (key == "VmRSS:") {
        const auto kilobytes = number<std::uint64_t>(next_field(line));
        if (kilobytes) status.resident_bytes = *kilobytes * 1024;
        return kilobytes.has_value();
    }
    if (key == "SigCgt:" || key == "SigIgn:") {
        const auto mask = number<std::uint64_t>(next_field(line), 16);
        (key == "SigCgt:" ? status.caught_signals : status.ignored_signals) = mask.value_or(0);
        return mask.has_value();
    }
    return true;
}

Result<FileState> state_of(const std::string& path) {
    struct stat file{};
    if (::stat(path.c_str(), &file) != 0) return errno_failure(path, errno);
    const auto changed = std::chrono::seconds{file.st_ctim.tv_sec} + std::chrono::nanoseconds{file.st_ctim.tv_nsec};
    return FileState{{file.st_dev, file.st_ino}, std::chrono::system_clock::time_point{changed}};
}

Result<FileId> identity_of(const std::string& path) {
    TRY(const auto state, state_of(path));
    return state.id;
}

} // namespace

ProcFs::ProcFs(std::filesystem::path root) : root_{std::move(root)} {}

std::string ProcFs::path(pid_t pid, std::string_view file) const {
    auto name = root_.string();
    name += '/';
    name += std::to_string(pid);
    if (!file.empty()) (name += '/') += file;
    return name;
}

bool ProcFs::exists(pid_t pid) const {
    struct stat directory{};
    if (pid <= 0) return false;
    return ::stat(path(pid, {}).c_str(), &directory) == 0 || (errno != ENOENT && errno != ESRCH);
}

Result<Stat> ProcFs::stat(pid_t pid) const {
    const auto name = path(pid, "stat");
    TRY(const auto text, read_file(name));
    // comm may hold blanks and parentheses itself; no later field does.
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    Stat stat;
    if (open == std::string::npos || close == std::string::npos || close < open ||
        !parse_stat_fields(std::string_view{text}.substr(close + 1), stat))
        return fail(name + ": not in the form of proc(5)");
    stat.comm = text.substr(open + 1, close - open - 1);
    return stat;
}

Result<Status> ProcFs::status(pid_t pid) const {
    const auto name = path(pid, "status");
    TRY(const auto text, read_file(name));
    Status status;
    for (std::string_view rest = text; !rest.empty();) {
        const auto line = next_line(rest);
        if (!parse_status_line(line, status)) return fail(name + ": not understood: " + std::string{line});
    }
    if (status.process == 0) return fail(name + ": no line \"Tgid\"");
    return status;
}

Result<std::uint64_t> ProcFs::resident_bytes(pid_t pid) const {
    TRY(const auto found, status(pid));
    if (!found.resident_bytes) return fail(path(pid, "status") + ": no line \"VmRSS\" (the process has ended)");
    return *found.resident_bytes;
}

Result<std::vector<std::string>> ProcFs::command_line(pid_t pid) const {
    TRY(const auto text, read_file(path(pid, "cmdline")));
    std::vector<std::string> arguments;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\0', begin), text.size());
        arguments.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    // setproctitle writes one string over all arguments and pads it with blanks or NULs to their old length.
    while (!arguments.empty() && arguments.back().empty()) arguments.pop_back();
    if (arguments.size() == 1) arguments.front().erase(arguments.front().find_last_not_of(' ') + 1);
    if (arguments.size() == 1 && arguments.front().empty()) arguments.clear();
    return arguments;
}

Result<FileId> ProcFs::program(pid_t pid) const { return identity_of(path(pid, "exe")); }

Result<std::string> ProcFs::cgroups(pid_t pid) const { return read_file(path(pid, "cgroup")); }

Result<std::uint64_t> ProcFs::pid_namespace(pid_t pid) const {
    TRY(const auto found, identity_of(path(pid, "ns/pid")));
    return found.inode;
}

Result<FileId> ProcFs::file_id(pid_t pid, int fd) const { return identity_of(path(pid, "fd/" + std::to_string(fd))); }

Result<FileState> ProcFs::file_state(pid_t pid, int fd) const {
    return state_of(path(pid, "fd/" + std::to_string(fd)));
}

Result<std::vector<TcpSocket>> ProcFs::tcp_sockets(pid_t pid) const {
    TRY(const auto ipv4, read_file(path(pid, "net/tcp")));
    auto sockets = parse_tcp(ipv4);
    if (const auto ipv6 = read_file(path(pid, "net/tcp6"))) {
        for (auto& socket : parse_tcp(*ipv6)) sockets.push_back(std::move(socket));
    } else if (!exists(pid)) {
        return std::unexpected(ipv6.error());
    } // else: IPv6 is disabled
    return sockets;
}

Result<std::vector<UnixSocket>> ProcFs::unix_sockets(pid_t pid) const {
    TRY(const auto table, read_file(path(pid, "net/unix")));
    return parse_unix(table);
}

} // namespace procfs
