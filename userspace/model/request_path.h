// SPDX-License-Identifier: BSD-2-Clause
// The path of a request, to be compared with one that was logged.
#pragma once

#include <string>
#include <string_view>

namespace model {

struct RequestPath {
    std::string text; // decoded, without query; empty: none
    bool cut = false; // longer than what is kept

    bool empty() const { return text.empty(); }
    bool operator==(const RequestPath& other) const; // as far as both are kept
};

// The path of a target, or of the beginning of one that was cut, whose last escape may be incomplete.
RequestPath request_path(std::string_view target, bool cut);

} // namespace model
