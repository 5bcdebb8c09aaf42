// SPDX-License-Identifier: BSD-2-Clause
// Numbers as a person reads them, and foreign text as a terminal can bear it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "top/distribution.h"

namespace top {

// Characters that a terminal would obey, that have no width of their own (combining, bidirectional, invisible) or are
// no valid UTF-8 become \n, \x1b or \u{301}. By the locale's character set: in the locale "C" only ASCII is printable.
std::string printable(std::string_view text);

// Columns that printable text takes on a terminal.
std::size_t columns(std::string_view printable_text);
// At most so many columns; '~' in the last one where something was cut off.
std::string cut(std::string_view printable_text, std::size_t most);
// Exactly so many columns.
std::string left(std::string_view printable_text, std::size_t width);
std::string right(std::string_view printable_text, std::size_t width);

// At most seven columns each; "-" is "not known" or "none".
std::string duration_text(std::optional<double> seconds); // "0.4ms" "12ms" "2.5s" "95s" "12m"
std::string bound_text(std::optional<Bound> bound);       // "250ms", ">10s"
std::string bytes_text(std::optional<std::uint64_t> bytes);
std::string age_text(std::optional<double> seconds); // "42s" "5m03s" "3h12m" "4d03h"
std::string number_text(std::optional<double> number, int digits);
std::string count_text(std::optional<std::uint64_t> count);

} // namespace top
