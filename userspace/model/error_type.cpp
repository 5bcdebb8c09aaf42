// SPDX-License-Identifier: BSD-2-Clause
#include "model/error_type.h"

#include <algorithm>

#include "http/utf8.h"

namespace model {
namespace {

bool is_plain(char letter) {
    return static_cast<unsigned char>(letter) >= 0x20 && letter != '"' && letter != '\\' && letter != 0x7f;
}

} // namespace

std::string plain_name(std::string_view type_name) {
    auto rest = type_name.substr(type_name.rfind('.') + 1);
    std::string name;
    while (!rest.empty()) {
        const auto bytes = http::utf8_character(rest);
        if (bytes == 0 || (bytes == 1 && !is_plain(rest.front()))) {
            name += '?';
        } else {
            name += rest.substr(0, bytes);
        }
        rest.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return name;
}

std::string error_type_of(int status, std::string_view exception, bool nothing_raised) {
    auto name = plain_name(exception);
    if (status >= 500) return name.empty() && !nothing_raised ? std::string(kUnknownError) : name;
    return name;
}

} // namespace model
