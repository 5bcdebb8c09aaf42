// SPDX-License-Identifier: BSD-2-Clause
// What is written to a terminal that is standard error, by a command whose standard output may be elsewhere.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "commands/terminal.h"

namespace {

// Standard error is a terminal as long as this lives.
class TerminalOfErrors : public testing::Test {
protected:
    TerminalOfErrors() : errors_(dup(STDERR_FILENO)) {
        int end = -1;
        if (openpty(&screen_, &end, nullptr, nullptr, nullptr) != 0) throw std::runtime_error("openpty");
        dup2(end, STDERR_FILENO);
        close(end);
        fcntl(screen_, F_SETFL, O_NONBLOCK);
    }
    ~TerminalOfErrors() override {
        dup2(errors_, STDERR_FILENO);
        close(errors_);
        close(screen_);
    }
    // The kernel hands on what was written to a terminal a moment later, in as many pieces as it likes.
    void expect_shown(const std::string& expected) const {
        constexpr int kPatienceMs = 2000;
        std::string shown;
        pollfd readable{.fd = screen_, .events = POLLIN, .revents = 0};
        while (shown.size() < expected.size() && poll(&readable, 1, kPatienceMs) == 1) {
            char buffer[1000];
            const auto got = read(screen_, buffer, sizeof buffer);
            if (got <= 0) break;
            shown.append(buffer, static_cast<std::size_t>(got));
        }
        EXPECT_EQ(shown, expected);
    }

private:
    int errors_;
    int screen_ = -1;
};

constexpr auto kClear = "\r\x1b[K";

TEST_F(TerminalOfErrors, AStatusReplacesTheFormerOne) {
    commands::Terminal terminal;
    terminal.show_status("1 seen");
    terminal.show_status("2 seen");
    expect_shown(kClear + std::string("1 seen") + kClear + "2 seen");
}

TEST_F(TerminalOfErrors, AStatusIsClearedByWhatIsSaid) {
    commands::Terminal terminal;
    terminal.show_status("1 seen");
    expect_shown(kClear + std::string("1 seen"));
    terminal.say("over");
    expect_shown(kClear + std::string("over"));
}

TEST_F(TerminalOfErrors, NoStatusIsLeftBehind) {
    auto terminal = std::make_unique<commands::Terminal>();
    terminal->show_status("1 seen");
    expect_shown(kClear + std::string("1 seen"));
    terminal.reset();
    expect_shown(kClear);
}

TEST(Terminal, ADiskThatIsFullIsAnError) {
    const int output = dup(STDOUT_FILENO);
    commands::Terminal terminal;
    const int full = open("/dev/full", O_WRONLY);
    dup2(full, STDOUT_FILENO);
    terminal.print("a line\n");
    terminal.flush();
    dup2(output, STDOUT_FILENO);
    EXPECT_FALSE(terminal.open());
    ASSERT_FALSE(terminal.written());
    EXPECT_EQ(terminal.written().error().text, "write to standard output: No space left on device");
    close(full);
    close(output);
}

} // namespace
