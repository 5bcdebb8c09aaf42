// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/names.h"

#include <algorithm>

namespace multiprocess {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

} // namespace

bool is_metric_name(std::string_view text) {
    const auto starts = [](char c) { return is_letter(c) || c == ':'; };
    return !text.empty() && starts(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return starts(c) || is_digit(c); });
}

bool is_label_name(std::string_view text) {
    return !text.empty() && is_letter(text[0]) &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

} // namespace multiprocess
