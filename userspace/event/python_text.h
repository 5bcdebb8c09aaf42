// SPDX-License-Identifier: BSD-2-Clause
// Python's strings as UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace event {

// `width`: bytes of each character, 1 (Latin-1), 2 or 4 in the machine's order, as PEP 393 stores them; 0: the text
// itself, which is returned as it is. What is left of a cut character is left out; a surrogate, which no UTF-8 has,
// becomes "?".
std::string utf8_of(std::string_view bytes, unsigned width);

// A class's name from the bytes that are kept of it, which end with a NUL if it is whole. Else it ends behind its last
// whole character, with "…".
std::string class_name_of(std::string_view kept);

} // namespace event
