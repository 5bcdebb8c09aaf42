// SPDX-License-Identifier: BSD-2-Clause
#include "http/percent.h"

#include <charconv>
#include <cstddef>

namespace http {

std::string percent_decoded(std::string_view text) {
    constexpr std::size_t kDigits = 2;
    std::string decoded;
    decoded.reserve(text.size());
    while (!text.empty()) {
        const auto digits = text.substr(1, kDigits);
        unsigned char byte = 0;
        if (text.front() == '%' && digits.size() == kDigits &&
            std::from_chars(digits.data(), digits.data() + kDigits, byte, 16).ptr == digits.data() + kDigits) {
            decoded += static_cast<char>(byte);
            text.remove_prefix(1 + kDigits);
        } else {
            decoded += text.front();
            text.remove_prefix(1);
        }
    }
    return decoded;
}

} // namespace http
