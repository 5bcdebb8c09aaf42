// SPDX-License-Identifier: BSD-2-Clause
// Text from outside, made safe for a terminal and cut to a number of columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace terminal {

// Replaces control characters, characters without a width of their own (combining, bidirectional, invisible) and
// invalid UTF-8 by \n, \x1b or \u{301}. The locale decides: in the locale "C" only ASCII is printable.
std::string printable(std::string_view text);

// Columns that printable text takes on a terminal.
std::size_t columns(std::string_view printable_text);
// At most so many columns; '~' in the last one where something was cut off.
std::string cut(std::string_view printable_text, std::size_t most);
// Exactly so many columns.
std::string left(std::string_view printable_text, std::size_t width);
std::string right(std::string_view printable_text, std::size_t width);

} // namespace terminal
