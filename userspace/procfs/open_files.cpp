// SPDX-License-Identifier: BSD-2-Clause
// The open descriptors of one process, /proc/<pid>/fd.
#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>

#include "errno_text.h"
#include "procfs/fields.h"
#include "procfs/file.h"
#include "procfs/procfs.h"

namespace procfs {
namespace {

// The size of the directory is the number of descriptors since Linux 6.2, and 0 before. 0 is also that of a process
// that has closed them all. In another file system it means something else.
std::optional<std::uint64_t> count_by_kernel(const std::string& directory) {
    struct statfs system{};
    struct stat state{};
    if (statfs(directory.c_str(), &system) != 0 || system.f_type != PROC_SUPER_MAGIC) return std::nullopt;
    if (::stat(directory.c_str(), &state) != 0 || state.st_size <= 0) return std::nullopt;
    return static_cast<std::uint64_t>(state.st_size);
}

} // namespace

Result<std::vector<OpenFile>> ProcFs::open_files(pid_t pid, std::string_view containing) const {
    const auto name = path(pid, "fd");
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{opendir(name.c_str()), closedir};
    if (!directory) return errno_failure(name, errno);

    std::vector<OpenFile> files;
    std::array<char, PATH_MAX> target{};
    bool complete = true;
    while (const auto* entry = readdir(directory.get())) {
        const auto fd = number<int>(entry->d_name);
        if (!fd) continue;
        const auto length = readlinkat(dirfd(directory.get()), entry->d_name, target.data(), target.size());
        if (length < 0) {
            complete = false;
            continue;
        }
        const std::string_view text{target.data(), static_cast<std::size_t>(length)};
        if (text.contains(containing)) files.push_back({*fd, std::string{text}});
    }
    // One descriptor closed meanwhile is no matter; a process gone meanwhile makes the list a lie.
    if (!complete && !exists(pid)) return errno_failure(name, ESRCH);
    std::ranges::sort(files, {}, &OpenFile::fd);
    return files;
}

Result<std::uint64_t> ProcFs::open_file_count(pid_t pid) const {
    const auto name = path(pid, "fd");
    if (const auto count = count_by_kernel(name)) return *count;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{opendir(name.c_str()), closedir};
    if (!directory) return errno_failure(name, errno);
    std::uint64_t count = 0;
    while (const auto* entry = readdir(directory.get()))
        if (number<int>(entry->d_name)) ++count;
    if (!exists(pid)) return errno_failure(name, ESRCH); // the list ends with the process
    return count;
}

Result<std::uint64_t> ProcFs::open_file_limit(pid_t pid) const {
    constexpr std::string_view kLine = "Max open files ";
    const auto name = path(pid, "limits");
    TRY(const auto text, read_file(name));
    for (std::string_view rest = text; !rest.empty();) {
        auto line = next_line(rest);
        if (!line.starts_with(kLine)) continue;
        line.remove_prefix(kLine.size());
        if (const auto soft = number<std::uint64_t>(next_field(line))) return *soft;
    }
    return fail(name + ": no number of open files");
}

Result<std::vector<std::uint64_t>> ProcFs::socket_inodes(pid_t pid) const {
    constexpr std::string_view kPrefix = "socket:[";
    TRY(const auto files, open_files(pid, kPrefix));
    std::vector<std::uint64_t> inodes;
    for (const auto& file : files) {
        const std::string_view target = file.target;
        if (!target.starts_with(kPrefix) || !target.ends_with(']')) continue;
        if (const auto inode = number<std::uint64_t>(target.substr(kPrefix.size(), target.size() - kPrefix.size() - 1)))
            inodes.push_back(*inode);
    }
    std::ranges::sort(inodes);
    const auto repeated = std::ranges::unique(inodes);
    inodes.erase(repeated.begin(), repeated.end());
    return inodes;
}

} // namespace procfs
