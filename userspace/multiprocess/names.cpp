// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/names.h"

#include <algorithm>

#include "ascii.h"

namespace multiprocess {
namespace {

bool begins_name(char c) { return is_letter(c) || c == '_'; }

} // namespace

bool is_metric_name(std::string_view text) {
    const auto starts = [](char c) { return begins_name(c) || c == ':'; };
    return !text.empty() && starts(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return starts(c) || is_digit(c); });
}

bool is_label_name(std::string_view text) {
    return !text.empty() && begins_name(text[0]) &&
           std::ranges::all_of(text, [](char c) { return begins_name(c) || is_digit(c); });
}

} // namespace multiprocess
