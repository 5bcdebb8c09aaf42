// SPDX-License-Identifier: BSD-2-Clause
// The terminal: lines in, keys out. The only user of ncurses, which knows how terminals differ, draws only what
// changed, and gives the terminal back before the program is stopped (Ctrl-Z) or ends.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "descriptor.h"
#include "result.h"
#include "top/page.h"

namespace top {

// One at a time. The terminal is as it was before once this is destroyed.
class Screen {
public:
    // Of standard input and output. Blocks SIGWINCH. Error: it is no terminal, or one that is not described (TERM).
    static Result<std::unique_ptr<Screen>> open();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    // Readable when the terminal has another size: then call resized().
    int resize_fd() const { return resize_.get(); }
    void resized();
    Size size() const;

    void show(const std::vector<Line>& lines);
    // What was typed; a character or a top::Key. Nothing when there is no more.
    std::optional<int> key();
    // The terminal was closed: nothing can be shown or typed any more.
    bool gone() const;

private:
    Screen() = default;
    void choose_styles();
    void put(int row, const Line& line) const;

    struct Terminal;
    std::unique_ptr<Terminal> terminal_;
    Descriptor resize_;
};

} // namespace top
