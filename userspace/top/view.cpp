// SPDX-License-Identifier: BSD-2-Clause
#include "top/view.h"

#include <algorithm>

namespace top {

namespace {

// All, the first, the second, …, and again.
std::optional<pid_t> next_target(std::optional<pid_t> current, const std::vector<pid_t>& targets) {
    if (targets.empty()) return std::nullopt;
    if (!current) return targets.front();
    const auto found = std::ranges::find(targets, *current);
    if (found == targets.end() || found + 1 == targets.end()) return std::nullopt;
    return *(found + 1);
}

void sort_by(View& view, std::size_t column) {
    view.reversed = view.sorted_by == column && !view.reversed;
    view.sorted_by = column;
}

bool move(View& view, int key, std::size_t page) {
    const auto back = [&](std::size_t rows) { view.scrolled -= std::min(view.scrolled, rows); };
    switch (key) {
    case Key::up:
        back(1);
        return true;
    case Key::down:
        view.scrolled += 1;
        return true;
    case Key::page_up:
        back(std::max(page, std::size_t{1}));
        return true;
    case Key::page_down:
        view.scrolled += page;
        return true;
    case Key::home:
        view.scrolled = 0;
        return true;
    case Key::end_key:
        view.scrolled = static_cast<std::size_t>(-1) / 2; // whoever draws it knows where the end is
        return true;
    default:
        return false;
    }
}

} // namespace

void press(View& view, int key, const std::vector<pid_t>& targets, std::size_t page) {
    const auto last = columns().size() - 1;
    if (move(view, key, page)) return;
    switch (key) {
    case 'q':
        view.quit = true;
        return;
    case '?':
    case 'h':
        view.help = !view.help;
        return;
    case 'p':
    case ' ':
        view.paused = !view.paused;
        return;
    case '\t':
    case 't':
        view.target = next_target(view.target, targets);
        view.scrolled = 0;
        return;
    case 'r':
        view.reversed = !view.reversed;
        return;
    case '<':
    case Key::sort_left:
        view.sorted_by = view.sorted_by == 0 ? last : view.sorted_by - 1;
        view.reversed = false;
        return;
    case '>':
    case Key::sort_right:
        view.sorted_by = view.sorted_by == last ? 0 : view.sorted_by + 1;
        view.reversed = false;
        return;
    default:
        break;
    }
    for (std::size_t column = 0; column <= last; column++)
        if (columns()[column].key == key) return sort_by(view, column);
}

} // namespace top
