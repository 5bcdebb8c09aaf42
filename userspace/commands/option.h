// SPDX-License-Identifier: BSD-2-Clause
// One option of a command, declared once: its flag, environment variable, key of the configuration file, --help, manual
// page, shell completion and its row in docs/reference/options.md all come from this declaration.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "result.h"

namespace commands {

// As the upper limit of a WholeNumber: there is none.
constexpr std::uint64_t kAnyNumber = std::numeric_limits<std::uint64_t>::max();

// A whole number from `lowest` to `highest`, both included.
struct WholeNumber {
    template <typename Number>
    WholeNumber(Number& target, std::uint64_t from, std::uint64_t to)
        : lowest(from), highest(to), default_value(target),
          set([&target](std::uint64_t value) { target = static_cast<Number>(value); }) {}
    WholeNumber(std::optional<std::uint64_t>& target, std::uint64_t from, std::uint64_t to)
        : lowest(from), highest(to), set([&target](std::uint64_t value) { target = value; }) {}

    std::uint64_t lowest;
    std::uint64_t highest;
    std::uint64_t default_value = 0; // 0: none
    std::function<void(std::uint64_t)> set;
};

// A span of time with a unit, in whole milliseconds from `lowest` to `highest`, both included.
struct Duration {
    using Milliseconds = std::chrono::milliseconds;

    template <typename Span>
    Duration(Span& target, Milliseconds from, Milliseconds to)
        : lowest(from), highest(to), default_value(std::chrono::duration_cast<Milliseconds>(target)),
          set([&target](Milliseconds value) { target = std::chrono::duration_cast<Span>(value); }) {}
    Duration(std::optional<Milliseconds>& target, Milliseconds from, Milliseconds to)
        : lowest(from), highest(to), set([&target](Milliseconds value) { target = value; }) {}

    Milliseconds lowest;
    Milliseconds highest;
    Milliseconds default_value{0}; // 0: none
    std::function<void(Milliseconds)> set;
};

// One of a few words.
struct Choice {
    std::string* target = nullptr;
    std::vector<std::string> words;
};

// A text of which only some are valid. The error says what the text has to be.
using Parser = std::function<Result<void>(const std::string& text)>;

// Where a value goes, and by that what it has to look like. What the target holds beforehand is the default.
using Target = std::variant<std::monostate,            // taken by the command line itself: --help, --config.file
                            bool*,                     // a switch
                            std::string*,              // any text
                            std::vector<std::string>*, // any texts: may be repeated
                            std::vector<pid_t>*,       // numbers of processes: may be repeated
                            WholeNumber, Duration, Choice, Parser>;

struct Option {
    std::string name; // without dashes: "web.listen-address"
    std::string group;
    std::string purpose; // sentences without a final period
    Target target;
    std::string value;       // what stands for the value in --help; empty: as its kind has it
    std::string preset;      // the default where the target does not hold it
    char letter = 0;         // of the short form, as in -o; 0: none
    bool negatable = false;  // a switch that is also spelled --no-NAME
    bool repeatable = false; // of a Parser: called for each value
    bool settable = true;    // by environment and file
};

bool is_switch(const Option& option);
bool is_repeatable(const Option& option);
bool is_file(const Option& option);      // its value is a path of a file
bool is_directory(const Option& option); // its value is a path of a directory

std::vector<std::string> spellings_of(const Option& option); // as typed: "-h", "--help", "--no-collector.sizes"
std::string value_of(const Option& option);                  // "PATH", "on|off"; empty for a switch
std::vector<std::string> choices_of(const Option& option);   // the only possible values; empty: others
std::string range_of(const Option& option);                  // "1 to 100000", or empty
// What counts unless the option is set; empty: nothing does. Asked before values are assigned.
std::string default_of(const Option& option);
// "GUNICORN_BPF_EXPORTER_TOP_INTERVAL": with the command's name, unless that is empty. Empty for what is not settable.
std::string variable_of(std::string_view command, const Option& option);

// Puts the values into the option's target: at least one. The error says what they have to be.
Result<void> assign(const Option& option, const std::vector<std::string>& values);

} // namespace commands
