// SPDX-License-Identifier: BSD-2-Clause
// From a path to an endpoint: the value of a label, of which an application has about as many as routes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/route_template.h"

namespace http {

class EndpointFolding {
public:
    enum class Identifiers {
        fold, // a segment that is an identifier becomes a placeholder
        keep, // --endpoint-folding=off: the path as it is
    };

    // `routes` are asked first, in the user's order, and also when identifiers are kept.
    explicit EndpointFolding(Identifiers identifiers, std::vector<RouteTemplate> routes = {});
    EndpointFolding() : EndpointFolding(Identifiers::fold) {}

    // The first route that matches; else the path, with whole segments replaced when they are folded:
    //   {id}    decimal digits only: 7, 20240131
    //   {uuid}  8-4-4-4-12 hexadecimal digits
    //   {date}  a date of ISO 8601, 2024-01 or 2024-01-31, and whatever time follows behind a "T"
    //   {hash}  16 or more hexadecimal digits, at least one of them decimal: no word is spelt so
    // Idempotent. What does not begin with "/" ("*", an authority, "invalid") stays as it is.
    std::string endpoint_of(std::string_view path) const;

    const std::vector<RouteTemplate>& routes() const { return routes_; }

private:
    Identifiers identifiers_;
    std::vector<RouteTemplate> routes_;
};

} // namespace http
