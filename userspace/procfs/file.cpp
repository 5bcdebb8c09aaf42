// SPDX-License-Identifier: BSD-2-Clause
// Whole small files, as /proc serves them.
#include "procfs/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor.h"
#include "errno_text.h"

namespace procfs {

Result<std::string> read_file(const std::string& path) {
    constexpr std::size_t kFirstRead = 4096; // most files of /proc end within it
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return errno_failure(path, errno);

    std::string text;
    std::size_t used = 0;
    for (;;) {
        if (used == text.size()) text.resize(used == 0 ? kFirstRead : used * 2);
        const auto got = read(file.get(), text.data() + used, text.size() - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_failure(path, errno); // ESRCH: the process ended between open and read
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
    }
    text.resize(used);
    return text;
}

} // namespace procfs
