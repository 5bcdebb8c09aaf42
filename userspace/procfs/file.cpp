// SPDX-License-Identifier: BSD-2-Clause
// Whole small files, as /proc serves them.
#include "procfs/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace procfs {

std::unexpected<Error> system_error(const std::string& path, int error) {
    return fail(path + ": " + std::strerror(error));
}

Result<std::string> read_file(const std::string& path) {
    constexpr std::size_t kFirstRead = 4096; // most files of /proc end within it
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return system_error(path, errno);

    std::string text;
    std::size_t used = 0;
    for (;;) {
        if (used == text.size()) text.resize(used == 0 ? kFirstRead : used * 2);
        const auto got = read(fd, text.data() + used, text.size() - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int error = errno; // ESRCH: the process ended between open and read
            close(fd);
            return system_error(path, error);
        }
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
    }
    close(fd);
    text.resize(used);
    return text;
}

} // namespace procfs
