// SPDX-License-Identifier: BSD-2-Clause
// The two streams of a command that shows things as they happen: lines on standard output, and on standard error how
// far it has come.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "result.h"

namespace commands {

class Terminal {
public:
    // From here on a reader that goes away is no signal but !open().
    Terminal();
    ~Terminal(); // leaves no status behind
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    bool colour() const;                      // standard output is a terminal, and NO_COLOR is not set
    std::optional<std::size_t> width() const; // of it; nothing: standard output is no terminal
    bool open() const { return open_; }       // what is written to standard output arrives
    Result<void> written() const;             // error: why not, but that a reader went away is none
    // A descriptor that becomes ready when the reader of standard output goes away; nothing where it cannot be told.
    std::optional<int> reader() const;

    void print(std::string_view text); // kept until flush()
    void flush();
    void say(std::string_view text); // on standard error

    // Replaces the status on standard error, where that is a terminal.
    void show_status(std::string_view text);

private:
    void clear_status();

    bool output_is_terminal_;
    bool errors_are_terminal_;
    bool open_ = true;
    int error_ = 0; // errno of the write that failed
    bool status_shown_ = false;
    std::string buffer_;
};

} // namespace commands
