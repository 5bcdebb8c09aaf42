// SPDX-License-Identifier: BSD-2-Clause
// Matching segment by segment: a placeholder never reaches across a slash.
#include "http/route_template.h"

#include <fmt/format.h>

#include <utility>

namespace http {
namespace {

// Splits at slashes; "/a/" behind its leading slash gives "a" and "".
std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> segments;
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
        segments.push_back(path.substr(0, slash));
        path.remove_prefix(slash + 1);
    }
    segments.push_back(path);
    return segments;
}

std::unexpected<Error> refuse(std::string_view whole, std::string_view why) {
    return fail(fmt::format("route template \"{}\": {}", whole, why));
}

} // namespace

bool RouteTemplate::Segment::matches(std::string_view text) const {
    if (!placeholder) return text == before;
    return text.size() > before.size() + after.size() && text.starts_with(before) && text.ends_with(after);
}

Result<RouteTemplate::Segment> RouteTemplate::parse_segment(std::string_view text, std::string_view whole) {
    const auto open = text.find('{');
    if (open == std::string_view::npos) {
        if (text.find('}') != std::string_view::npos) return refuse(whole, "a \"}\" without \"{\"");
        return Segment{std::string(text), {}, false};
    }
    const auto close = text.find('}');
    if (close == std::string_view::npos) return refuse(whole, "a \"{\" without \"}\" in the same segment");
    if (close < open) return refuse(whole, "a \"}\" before \"{\"");
    if (close == open + 1) return refuse(whole, "a placeholder needs a name, for example {id}");
    const auto after = text.substr(close + 1);
    if (text.substr(open + 1, close - open - 1).find('{') != std::string_view::npos ||
        after.find_first_of("{}") != std::string_view::npos)
        return refuse(whole, "at most one placeholder in a segment");
    return Segment{std::string(text.substr(0, open)), std::string(after), true};
}

Result<RouteTemplate> RouteTemplate::parse(std::string_view text) {
    if (!text.starts_with('/')) return refuse(text, "must begin with \"/\", for example /users/{id}");
    if (text.find_first_of("?#") != std::string_view::npos)
        return refuse(text, "an endpoint is a path without query and fragment");
    RouteTemplate route;
    route.text_ = text;
    auto segments = segments_of(text.substr(1));
    if (segments.back() == "*") {
        route.any_rest_ = true;
        segments.pop_back();
    }
    for (const auto segment : segments) {
        TRY(auto parsed, parse_segment(segment, text));
        route.segments_.push_back(std::move(parsed));
    }
    return route;
}

bool RouteTemplate::matches(std::string_view path) const {
    if (!path.starts_with('/')) return false;
    path.remove_prefix(1);
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto slash = path.find('/');
        if (!segments_[i].matches(path.substr(0, slash))) return false;
        const bool last = i + 1 == segments_.size() && !any_rest_;
        if (slash == std::string_view::npos) return last;
        if (last) return false;
        path.remove_prefix(slash + 1);
    }
    return true;
}

} // namespace http
