// SPDX-License-Identifier: BSD-2-Clause
#include "commands/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "commands/write_all.h"
#include "descriptor.h"
#include "errno_text.h"

namespace commands {

namespace {

std::unexpected<Error> failure(const OutputFile& file) {
    return fail(fmt::format("write {}: {} (choose another file with {})",
                            file.name == "-" ? "standard output" : file.name, errno_text(errno), file.option));
}

// A device or a pipe cannot be replaced: it is written to.
bool is_special(const std::string& name) {
    struct stat status{};
    return stat(name.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

// False with the reason in errno.
bool special_is_writable(const std::string& name) {
    struct stat status{};
    if (stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    return access(name.c_str(), W_OK) == 0;
}

std::string unfinished(const std::string& name) { return fmt::format("{}.{}.part", name, getpid()); }

constexpr int kNew = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;

// False where that fails, with the reason in errno.
bool write_to(const std::string& name, std::string_view content, int flags) {
    Descriptor file(open(name.c_str(), flags, 0644));
    if (!file) return false;
    const bool written = write_all(file.get(), content);
    const int error = errno;
    if (!file.close()) return false;
    errno = error;
    return written;
}

} // namespace

Result<void> check_writable(const OutputFile& file) {
    if (file.name == "-") return {};
    if (is_special(file.name)) {
        if (!special_is_writable(file.name)) return failure(file);
        return {};
    }
    const auto trial = unfinished(file.name);
    if (!write_to(trial, "", kNew)) return failure(file);
    unlink(trial.c_str());
    return {};
}

Result<void> write_file(const OutputFile& file, std::string_view content) {
    if (file.name == "-") {
        if (!write_all(STDOUT_FILENO, content) && errno != EPIPE) return failure(file);
        return {};
    }
    if (is_special(file.name)) {
        if (!write_to(file.name, content, O_WRONLY | O_CLOEXEC)) return failure(file);
        return {};
    }
    const auto trial = unfinished(file.name);
    if (write_to(trial, content, kNew) && rename(trial.c_str(), file.name.c_str()) == 0) return {};
    const auto failed = failure(file);
    unlink(trial.c_str());
    return failed;
}

} // namespace commands
