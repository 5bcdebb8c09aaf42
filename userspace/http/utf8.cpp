// SPDX-License-Identifier: BSD-2-Clause
// RFC 3629 section 4, as its table of well-formed byte sequences has it.
#include "http/utf8.h"

namespace http {
namespace {

struct Lead {
    std::size_t bytes;          // of the whole character; 0: no character begins so
    unsigned char second_least; // the second byte's range excludes
    unsigned char second_most;  // overlong forms, surrogates and values beyond U+10FFFF
};

Lead lead_of(unsigned char first) {
    if (first < 0x80) return {1, 0, 0};
    if (first < 0xC2) return {0, 0, 0};
    if (first < 0xE0) return {2, 0x80, 0xBF};
    if (first == 0xE0) return {3, 0xA0, 0xBF};
    if (first == 0xED) return {3, 0x80, 0x9F};
    if (first < 0xF0) return {3, 0x80, 0xBF};
    if (first == 0xF0) return {4, 0x90, 0xBF};
    if (first < 0xF4) return {4, 0x80, 0xBF};
    if (first == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

} // namespace

std::size_t utf8_character(std::string_view text) {
    if (text.empty()) return 0;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const Lead lead = lead_of(byte(0));
    if (lead.bytes < 2) return lead.bytes;
    if (text.size() < lead.bytes || byte(1) < lead.second_least || byte(1) > lead.second_most) return 0;
    for (std::size_t at = 2; at < lead.bytes; ++at)
        if ((byte(at) & 0xC0) != 0x80) return 0;
    return lead.bytes;
}

} // namespace http
