// SPDX-License-Identifier: BSD-2-Clause
// Reads /proc. Every answer is about one moment: a process may vanish between any two calls and during one, which
// is an Error, never a guess. Nothing is cached, except what cannot change while the machine is up.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "procfs/sockets.h"
#include "result.h"

namespace procfs {

// A file's identity: stable while the file exists, also after it was unlinked.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    auto operator<=>(const FileId&) const = default;
};

struct FileState {
    FileId id;
    std::chrono::system_clock::time_point changed; // st_ctime: by chmod, utime and write alike
};

// /proc/<pid>/stat.
struct Stat {
    std::string comm; // the kernel cuts it at 15 bytes
    char state = '?'; // R S D Z T t X …
    pid_t parent = 0;
    std::uint64_t user_ticks = 0; // of processor time, in ticks_per_second()
    std::uint64_t system_ticks = 0;
    std::uint32_t threads = 0;
    std::uint64_t start_ticks = 0; // since boot, in ticks_per_second()
    std::uint64_t virtual_bytes = 0;
    // Address where the first stack begins: drawn at random by execve() and inherited by fork(), so a child with
    // its parent's value has not called execve(). 0: not readable (kernel thread, zombie, no privilege).
    std::uint64_t stack_start = 0;
};

// /proc/<pid>/status.
struct Status {
    pid_t process = 0;                 // Tgid: differs from the pid asked for when that was a thread's
    std::vector<pid_t> namespace_pids; // NSpid: outermost (as this /proc counts) to innermost
    std::uint32_t threads = 0;         // Threads
    std::uint64_t caught_signals = 0;  // SigCgt: bit n - 1 is set when signal n has a handler
    std::uint64_t ignored_signals = 0; // SigIgn, likewise

    // VmRSS. Taken from here and not from statm or stat: since Linux 6.2 the kernel batches these counters per CPU,
    // and only status adds the batches up (6.16 on), so statm can be off by megabytes on a large machine, and what
    // a user compares with is this file. Nothing for kernel threads and zombies, which have no memory.
    std::optional<std::uint64_t> resident_bytes;

    bool catches(int signal) const { return (caught_signals >> (signal - 1) & 1) != 0; }
    bool ignores(int signal) const { return (ignored_signals >> (signal - 1) & 1) != 0; }
};

struct OpenFile {
    int fd = -1;
    std::string target; // "/tmp/file", "/tmp/file (deleted)", "socket:[4711]"
};

class ProcFs {
public:
    explicit ProcFs(std::filesystem::path root = "/proc");

    const std::filesystem::path& root() const { return root_; }

    // ---- one process ----

    // False only when the kernel says that there is no such process (a zombie exists).
    bool exists(pid_t pid) const;
    Result<Stat> stat(pid_t pid) const;
    Result<Status> status(pid_t pid) const;
    // VmRSS in bytes, see Status. An error for a process that has no memory any more.
    Result<std::uint64_t> resident_bytes(pid_t pid) const;
    // The arguments; without the padding that setproctitle leaves. Empty for kernel threads and zombies.
    Result<std::vector<std::string>> command_line(pid_t pid) const;
    // The executable file (python, usually).
    Result<FileId> program(pid_t pid) const;
    // /proc/<pid>/cgroup as it is, see cgroups(7).
    Result<std::string> cgroups(pid_t pid) const;
    // Files mapped for sharing whose path ends so, each once: paths as the process itself has them, below its own root.
    Result<std::vector<std::string>> shared_files(pid_t pid, std::string_view ending) const;
    // A variable of the environment with which the program was started; what it set itself does not show.
    Result<std::optional<std::string>> environment(pid_t pid, std::string_view name) const;
    // Inode number of the PID namespace.
    Result<std::uint64_t> pid_namespace(pid_t pid) const;

    // Open descriptors in ascending order, those only whose target contains `containing`. A descriptor that is
    // closed meanwhile is left out; a process that is gone meanwhile is an Error.
    Result<std::vector<OpenFile>> open_files(pid_t pid, std::string_view containing = {}) const;
    // How many descriptors are open. Asks the kernel for the number since Linux 6.2; before, its list is read, which
    // takes time in proportion.
    Result<std::uint64_t> open_file_count(pid_t pid) const;
    // How many may be: the soft RLIMIT_NOFILE.
    Result<std::uint64_t> open_file_limit(pid_t pid) const;
    // What a descriptor refers to, also when the file was unlinked or lies in another mount namespace.
    Result<FileId> file_id(pid_t pid, int fd) const;
    Result<FileState> file_state(pid_t pid, int fd) const;
    // Inode numbers of the open sockets, ascending, each once.
    Result<std::vector<std::uint64_t>> socket_inodes(pid_t pid) const;

    // Sockets of the process's network namespace, not only its own: compare with socket_inodes().
    Result<std::vector<TcpSocket>> tcp_sockets(pid_t pid) const; // listening and established, IPv4 and IPv6
    Result<std::vector<UnixSocket>> unix_sockets(pid_t pid) const;

    // ---- the machine ----

    // Processes (no threads), ascending.
    Result<std::vector<pid_t>> pids() const;
    // When the machine started, unix seconds.
    Result<std::int64_t> boot_time() const;
    // How long ago that was, in ticks_per_second(): comparable with Stat::start_ticks.
    Result<std::uint64_t> uptime_ticks() const;
    // Of the calling process, as this /proc counts.
    Result<pid_t> own_pid() const;
    // Pids are below this number.
    Result<pid_t> pid_max() const;
    static std::uint64_t ticks_per_second();

private:
    std::string path(pid_t pid, std::string_view file) const;

    std::filesystem::path root_;
};

} // namespace procfs
