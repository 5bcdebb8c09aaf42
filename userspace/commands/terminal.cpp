// SPDX-License-Identifier: BSD-2-Clause
#include "commands/terminal.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "commands/write_all.h"
#include "errno_text.h"

namespace commands {

namespace {

std::optional<std::size_t> columns_of(int fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
    return size.ws_col;
}

} // namespace

Terminal::Terminal()
    : output_is_terminal_(isatty(STDOUT_FILENO) == 1), errors_are_terminal_(isatty(STDERR_FILENO) == 1) {
    signal(SIGPIPE, SIG_IGN);
}

Terminal::~Terminal() { clear_status(); }

bool Terminal::colour() const {
    const char* refused = std::getenv("NO_COLOR");
    return output_is_terminal_ && (refused == nullptr || *refused == '\0');
}

std::optional<std::size_t> Terminal::width() const {
    if (!output_is_terminal_) return std::nullopt;
    return columns_of(STDOUT_FILENO).value_or(80);
}

std::optional<int> Terminal::reader() const {
    struct stat status{};
    if (fstat(STDOUT_FILENO, &status) != 0 || !S_ISFIFO(status.st_mode)) return std::nullopt;
    return STDOUT_FILENO;
}

void Terminal::print(std::string_view text) { buffer_ += text; }

void Terminal::flush() {
    if (buffer_.empty()) return;
    if (output_is_terminal_) clear_status();
    if (open_ && !write_all(STDOUT_FILENO, buffer_)) {
        open_ = false;
        error_ = errno;
    }
    buffer_.clear();
}

Result<void> Terminal::written() const {
    if (error_ == 0 || error_ == EPIPE) return {};
    return errno_failure("write to standard output", error_);
}

void Terminal::say(std::string_view text) {
    clear_status();
    write_all(STDERR_FILENO, text);
}

void Terminal::show_status(std::string_view text) {
    if (!errors_are_terminal_) return;
    const auto width = columns_of(STDERR_FILENO).value_or(80);
    write_all(STDERR_FILENO, fmt::format("\r\x1b[K{}", text.substr(0, width - 1)));
    status_shown_ = true;
}

void Terminal::clear_status() {
    if (!status_shown_) return;
    write_all(STDERR_FILENO, "\r\x1b[K");
    status_shown_ = false;
}

} // namespace commands
