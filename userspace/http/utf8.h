// SPDX-License-Identifier: BSD-2-Clause
// What is valid UTF-8: a client may send any bytes, and a label value has to be text.
#pragma once

#include <cstddef>
#include <string_view>

namespace http {

// Bytes (1-4) of the character that `text` begins with; 0 when it begins with none: empty, cut, overlong,
// a surrogate or beyond U+10FFFF (RFC 3629 section 4).
std::size_t utf8_character(std::string_view text);

} // namespace http
