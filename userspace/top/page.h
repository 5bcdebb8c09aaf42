// SPDX-License-Identifier: BSD-2-Clause
// One screenful, or one block of plain output, as lines of text.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "top/exceptions.h"
#include "top/rows.h"
#include "top/view.h"

namespace top {

enum class Style { plain, heading, quiet, alarm };

struct Line {
    std::string text; // printable, and not wider than the page
    Style style = Style::plain;
    std::size_t marked_from = 0; // columns; what the table is sorted by
    std::size_t marked = 0;
};

struct Content {
    std::vector<TargetRows> targets;
    std::deque<ExceptionSeen> exceptions; // the newest first
    std::chrono::system_clock::time_point taken_at;
    std::chrono::milliseconds interval{1000};
    double narrow_seconds = 0; // what the rates are of; 0: nothing to compare with yet
    double wide_seconds = 0;   // what durations and waits are of
    bool routes_measured = true;
    std::string remark; // for the last line; empty: the keys
};

struct Page {
    std::vector<Line> lines;
    std::size_t worker_rows = 0; // shown
    std::size_t scrolled = 0;    // as it is, which is not further than there is something to see
};

struct Size {
    std::size_t width = 80;
    std::size_t height = 24;
};

// Not more lines than the size has. Every section keeps some of them: the workers get what is left, and the rest of
// them is reached by scrolling.
Page screenful(const Content& content, const View& view, Size size);

// All there is, however long; of exceptions those of the last interval.
std::vector<Line> block(Content content, const View& view, std::size_t width);

} // namespace top
