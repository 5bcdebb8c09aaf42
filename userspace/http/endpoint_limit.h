// SPDX-License-Identifier: BSD-2-Clause
// How many different endpoints one target may have: a scanner asks for a new path with every request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http/route_template.h"

namespace http {

class EndpointLimit {
public:
    // `most`: distinct values that are admitted, 0 or more. The user's routes, "other" and "invalid" are admitted
    // without counting: they are few already, and no flood of paths may crowd out a route that was asked for.
    EndpointLimit(std::size_t most, const std::vector<RouteTemplate>& routes);

    // `endpoint` when it is admitted (first come, first served, for good), else "other"; `times` is how many responses
    // that concerns. The result lives as long as both the argument and this object.
    std::string_view admit(std::string_view endpoint, std::uint64_t times = 1);

    // Makes room: forgets admitted values that no series bears any more.
    void keep_only(const std::set<std::string_view>& in_use);

    // Takes over what another limit refused on behalf of this one.
    void add_refused(std::uint64_t times) { refused_ += times; }

    // Responses whose endpoint was replaced by "other". Never decreases.
    std::uint64_t refused() const { return refused_; }
    std::size_t admitted() const { return admitted_.size(); }

private:
    using Values = std::set<std::string, std::less<>>; // transparent: looking up copies nothing

    std::size_t most_;
    Values free_;
    Values admitted_;
    std::uint64_t refused_ = 0;
};

} // namespace http
