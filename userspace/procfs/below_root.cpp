// SPDX-License-Identifier: BSD-2-Clause
#include "procfs/below_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor.h"
#include "errno_text.h"

namespace procfs {
namespace {

int open_at(int directory, const char* path, int flags, std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = resolve;
    return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

Descriptor open_root(const ProcFs& proc, pid_t pid) {
    const auto root = proc.root() / std::to_string(pid) / "root";
    return Descriptor(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

OpenFailure failure_of(int error) {
    if (error == ENOENT || error == ESTALE) return OpenFailure::vanished;
    return error == ELOOP ? OpenFailure::symbolic_link : OpenFailure::not_readable;
}

// A descriptor that can be read, from one that only names the file: by then it is known to be a regular one.
OpenedFile readable(const Descriptor& named) {
    OpenedFile opened;
    struct stat file{};
    if (fstat(named.get(), &file) != 0) {
        opened.failure = OpenFailure::not_readable;
        return opened;
    }
    if (!S_ISREG(file.st_mode)) {
        opened.failure = S_ISLNK(file.st_mode) ? OpenFailure::symbolic_link : OpenFailure::no_regular_file;
        return opened;
    }
    opened.id = {file.st_dev, file.st_ino};
    opened.size = file.st_size;
    constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const auto again = "/proc/self/fd/" + std::to_string(named.get());
    opened.descriptor = Descriptor(open(again.c_str(), kFlags | O_NOATIME));
    if (!opened.descriptor && errno == EPERM) opened.descriptor = Descriptor(open(again.c_str(), kFlags));
    if (!opened.descriptor) opened.failure = failure_of(errno);
    return opened;
}

std::string beginning_of(const Descriptor& directory, const std::string& path, std::uint64_t resolve,
                         std::size_t most_bytes) {
    const Descriptor named(open_at(directory.get(), path.c_str(), O_PATH, resolve | RESOLVE_NO_MAGICLINKS));
    if (!named) return {};
    const auto file = readable(named);
    if (!file.descriptor) return {};
    std::string text(most_bytes, '\0');
    text.resize(read_at(file.descriptor.get(), text.data(), text.size(), 0));
    return text;
}

} // namespace

Result<Descriptor> open_directory_below_root(const ProcFs& proc, pid_t pid, const std::string& path) {
    const auto root = open_root(proc, pid);
    if (!root) return errno_failure("root of process " + std::to_string(pid), errno);
    Descriptor directory(open_at(root.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK,
                                 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
    if (!directory) return errno_failure(path, errno);
    return directory;
}

OpenedFile open_regular_file(int directory, const std::string& name) {
    const Descriptor named(open_at(directory, name.c_str(), O_PATH | O_NOFOLLOW,
                                   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS));
    if (!named) {
        OpenedFile none;
        none.failure = failure_of(errno);
        return none;
    }
    return readable(named);
}

std::string beginning_of_file_below_root(const ProcFs& proc, pid_t pid, const std::string& path,
                                         std::size_t most_bytes) {
    const auto root = open_root(proc, pid);
    return root ? beginning_of(root, path, RESOLVE_IN_ROOT, most_bytes) : std::string{};
}

std::string beginning_of_file_of(const ProcFs& proc, pid_t pid, const std::string& path, std::size_t most_bytes) {
    if (path.starts_with('/')) return beginning_of_file_below_root(proc, pid, path, most_bytes);
    const auto link = proc.root() / std::to_string(pid) / "cwd";
    const Descriptor directory(open(link.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return directory ? beginning_of(directory, path, RESOLVE_BENEATH, most_bytes) : std::string{};
}

std::size_t read_at(int fd, void* bytes, std::size_t size, off_t offset) {
    std::size_t done = 0;
    while (done < size) {
        const auto got = pread(fd, static_cast<char*>(bytes) + done, size - done, offset + static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

} // namespace procfs
