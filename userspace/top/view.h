// SPDX-License-Identifier: BSD-2-Clause
// What the person at the keyboard chose to see.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "top/columns.h"

namespace top {

// Keys that are no characters.
enum Key : int { up = 0x200000, down, page_up, page_down, home, end_key, sort_left, sort_right };

struct View {
    std::size_t sorted_by = kSortedAtFirst; // an index of columns()
    bool reversed = false;
    bool paused = false;
    bool help = false;
    bool quit = false;
    std::size_t scrolled = 0;    // rows of workers that are above the screen
    std::optional<pid_t> target; // its first master; nothing: all
};

// `targets`: the first masters of those that there are, in their order. `page`: rows of workers on the screen. A key
// that means nothing changes nothing.
void press(View& view, int key, const std::vector<pid_t>& targets, std::size_t page);

} // namespace top
