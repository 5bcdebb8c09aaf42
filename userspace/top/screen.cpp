// SPDX-License-Identifier: BSD-2-Clause
#include "top/screen.h"

#include <fmt/format.h>
#include <ncurses.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "descriptor.h"
#include "errno_text.h"
#include "top/text.h"

namespace top {

namespace {

constexpr int kControlL = 12; // by custom: draw everything anew
constexpr short kAlarmPair = 1;
constexpr short kHeadingPair = 2;

std::optional<int> key_of(int code) {
    switch (code) {
    case ERR:
        return std::nullopt;
    case KEY_UP:
        return Key::up;
    case KEY_DOWN:
        return Key::down;
    case KEY_PPAGE:
        return Key::page_up;
    case KEY_NPAGE:
        return Key::page_down;
    case KEY_HOME:
        return Key::home;
    case KEY_END:
        return Key::end_key;
    case KEY_LEFT:
        return Key::sort_left;
    case KEY_RIGHT:
        return Key::sort_right;
    default:
        return code < KEY_MIN ? code : 0;
    }
}

} // namespace

struct Screen::Terminal {
    SCREEN* handle = nullptr;
    bool in_colour = false;
};

Result<std::unique_ptr<Screen>> Screen::open() {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return fail("no terminal");
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::unique_ptr<Screen> screen(new Screen());
    screen->terminal_ = std::make_unique<Terminal>();
    screen->resize_ = Descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!screen->resize_) return errno_failure("receive signals", errno);
    // Unlike initscr(), which ends the process where the terminal is not known.
    screen->terminal_->handle = newterm(nullptr, stdout, stdin);
    if (screen->terminal_->handle == nullptr) {
        const char* const name = getenv("TERM");
        return fail(fmt::format("the terminal \"{}\" is not described on this machine", printable(name ? name : "")));
    }
    set_term(screen->terminal_->handle);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(50); // milliseconds; ncurses waits for a second otherwise
    curs_set(0);
    screen->choose_styles();
    return screen;
}

void Screen::choose_styles() {
    const char* const no_color = getenv("NO_COLOR");
    if ((no_color != nullptr && *no_color != '\0') || !has_colors() || start_color() == ERR) return;
    use_default_colors();
    init_pair(kAlarmPair, COLOR_RED, -1);
    init_pair(kHeadingPair, COLOR_CYAN, -1);
    terminal_->in_colour = true;
}

Screen::~Screen() {
    if (terminal_ != nullptr && terminal_->handle != nullptr) {
        endwin();
        delscreen(terminal_->handle);
    }
}

void Screen::resized() {
    signalfd_siginfo ignored;
    while (read(resize_.get(), &ignored, sizeof ignored) > 0) {
    }
    winsize now{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
        resizeterm(now.ws_row, now.ws_col);
}

Size Screen::size() const {
    return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr))};
}

void Screen::put(int row, const Line& line) const {
    attr_t attributes = A_NORMAL;
    short pair = 0;
    if (line.style == Style::heading) attributes = A_BOLD, pair = kHeadingPair;
    if (line.style == Style::quiet) attributes = A_DIM;
    if (line.style == Style::alarm) attributes = A_BOLD, pair = kAlarmPair;
    if (!terminal_->in_colour) pair = 0;
    wattr_set(stdscr, attributes, pair, nullptr);
    mvaddstr(row, 0, line.text.c_str());
    if (line.marked > 0)
        mvchgat(row, static_cast<int>(line.marked_from), static_cast<int>(line.marked), attributes | A_REVERSE, pair,
                nullptr);
    wattr_set(stdscr, A_NORMAL, 0, nullptr);
}

void Screen::show(const std::vector<Line>& lines) {
    erase();
    for (std::size_t row = 0; row < lines.size(); row++) put(static_cast<int>(row), lines[row]);
    refresh();
}

std::optional<int> Screen::key() {
    const auto key = key_of(getch());
    if (key == kControlL) clearok(curscr, TRUE);
    return key;
}

bool Screen::gone() const {
    winsize ignored{};
    return ioctl(STDIN_FILENO, TIOCGWINSZ, &ignored) != 0;
}

} // namespace top
