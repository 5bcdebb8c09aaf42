// SPDX-License-Identifier: BSD-2-Clause
#include "http/endpoint_limit.h"

#include "http/request_line.h"

namespace http {

EndpointLimit::EndpointLimit(std::size_t most, const std::vector<RouteTemplate>& routes)
    : most_(most), free_{std::string(kInvalid), std::string(kOther)} {
    for (const auto& route : routes) free_.insert(route.text());
}

std::string_view EndpointLimit::admit(std::string_view endpoint, std::uint64_t times) {
    if (free_.contains(endpoint) || admitted_.contains(endpoint)) return endpoint;
    if (admitted_.size() >= most_) {
        refused_ += times;
        return kOther;
    }
    admitted_.emplace(endpoint);
    return endpoint;
}

void EndpointLimit::keep_only(const std::set<std::string_view>& in_use) {
    std::erase_if(admitted_, [&](const std::string& value) { return !in_use.contains(value); });
}

} // namespace http
