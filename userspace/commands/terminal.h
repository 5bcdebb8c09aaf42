// SPDX-License-Identifier: BSD-2-Clause
// The two streams of a command that shows things as they happen: lines go to standard output, progress to standard
// error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "result.h"

namespace commands {

class Terminal {
public:
    // Ignores SIGPIPE: a reader that goes away makes open() false.
    Terminal();
    ~Terminal(); // leaves no status behind
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    bool colour() const;                      // standard output is a terminal, and NO_COLOR is not set
    std::optional<std::size_t> width() const; // of the terminal; nullopt: standard output is not one
    bool open() const { return open_; }       // standard output has a reader
    Result<void> written() const;             // error: why writing failed; a reader that went away is not an error
    // A descriptor that becomes ready when the reader of standard output goes away; nullopt if that cannot be detected.
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
