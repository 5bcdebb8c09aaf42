// SPDX-License-Identifier: BSD-2-Clause
#include "model/request_path.h"

#include <tuple>

#include "http/percent.h"

namespace model {

bool RequestPath::operator==(const RequestPath& other) const {
    const auto& [shorter, longer] = text.size() < other.text.size() ? std::tie(*this, other) : std::tie(other, *this);
    if (shorter.text.size() == longer.text.size()) return text == other.text;
    return shorter.cut && longer.text.starts_with(shorter.text);
}

RequestPath request_path(std::string_view target, bool cut) {
    if (const auto escape = target.rfind('%'); cut && escape != std::string_view::npos && escape + 3 > target.size())
        target = target.substr(0, escape);
    const auto end = target.find_first_of("?#");
    return {http::percent_decoded(target.substr(0, end)), cut && end == std::string_view::npos};
}

} // namespace model
