// SPDX-License-Identifier: BSD-2-Clause
// A route as the user writes it: "/users/{id}", "/files/{name}.json", "/static/*".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace http {

class RouteTemplate {
public:
    // A template begins with "/". A segment may hold one placeholder, "{name}", with fixed text around it; it
    // stands for one or more characters other than "/". "*" as the last segment stands for any rest, also an empty
    // one. Everything else is literal. Error: what is wrong and how to write it.
    static Result<RouteTemplate> parse(std::string_view text);

    bool matches(std::string_view path) const;

    // As the user wrote it: the value of the label.
    const std::string& text() const { return text_; }

private:
    struct Segment {
        std::string before; // the whole segment, when there is no placeholder
        std::string after;
        bool placeholder = false;

        bool matches(std::string_view text) const;
    };

    static Result<Segment> parse_segment(std::string_view text, std::string_view whole);

    std::string text_;
    std::vector<Segment> segments_; // between slashes; the first one is what follows the leading slash
    bool any_rest_ = false;
};

} // namespace http
