// SPDX-License-Identifier: BSD-2-Clause
// RFC 9112 section 3, read leniently: what a server answered has to get a label, however odd it was.
#include "http/request_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ascii.h"
#include "http/utf8.h"

namespace http {
namespace {

// The registry of RFC 9110 section 16.1, sorted. PRI is left out: it is no request (RFC 9113 section 3.4).
constexpr std::array<std::string_view, 39> kMethods = {"ACL",
                                                       "BASELINE-CONTROL",
                                                       "BIND",
                                                       "CHECKIN",
                                                       "CHECKOUT",
                                                       "CONNECT",
                                                       "COPY",
                                                       "DELETE",
                                                       "GET",
                                                       "HEAD",
                                                       "LABEL",
                                                       "LINK",
                                                       "LOCK",
                                                       "MERGE",
                                                       "MKACTIVITY",
                                                       "MKCALENDAR",
                                                       "MKCOL",
                                                       "MKREDIRECTREF",
                                                       "MKWORKSPACE",
                                                       "MOVE",
                                                       "OPTIONS",
                                                       "ORDERPATCH",
                                                       "PATCH",
                                                       "POST",
                                                       "PROPFIND",
                                                       "PROPPATCH",
                                                       "PUT",
                                                       "QUERY",
                                                       "REBIND",
                                                       "REPORT",
                                                       "SEARCH",
                                                       "TRACE",
                                                       "UNBIND",
                                                       "UNCHECKOUT",
                                                       "UNLINK",
                                                       "UNLOCK",
                                                       "UPDATE",
                                                       "UPDATEREDIRECTREF",
                                                       "VERSION-CONTROL"};

constexpr std::string_view kWhiteSpace = " \t\v\f\r\n";

bool is_registered(std::string_view token) { return std::ranges::binary_search(kMethods, token); }

// Takes the next word off `rest`. `ended` says whether white space was seen behind it.
struct Word {
    std::string_view text;
    bool ended;
};

Word take_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(kWhiteSpace), rest.size()));
    const auto end = rest.find_first_of(kWhiteSpace);
    const Word word{rest.substr(0, end), end != std::string_view::npos};
    rest.remove_prefix(word.text.size());
    return word;
}

// Bytes of "scheme://authority" at the beginning of an absolute-form target; 0 when it is none.
std::size_t origin_length(std::string_view target) {
    const auto colon = target.find("://");
    if (colon == std::string_view::npos || colon == 0 || !is_letter(target[0])) return 0;
    const auto in_scheme = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
    if (!std::ranges::all_of(target.substr(0, colon), in_scheme)) return 0;
    return std::min(target.find_first_of("/?#", colon + 3), target.size());
}

// "host:port", the only target of CONNECT.
bool is_authority(std::string_view target) {
    const auto colon = target.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == target.size()) return false;
    return target.find_first_of("/?#") == std::string_view::npos &&
           std::ranges::all_of(target.substr(colon + 1), is_digit);
}

// C0 and C1 controls (the latter are two bytes in UTF-8) would act on a terminal that shows the path.
bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    return first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0);
}

std::string as_text(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto length = utf8_character(bytes);
        const auto character = bytes.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0 || is_control(character)) {
            for (const char c : character) text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            text += character;
        }
        bytes.remove_prefix(character.size());
    }
    return text;
}

// The path of a target. `ended` is false when the target may go on behind what is there.
std::optional<std::string_view> path_of(std::string_view method, std::string_view target, bool ended) {
    if (method == "CONNECT" && ended && is_authority(target)) return target;
    if (target == "*" && ended) return target;
    auto path = target;
    const auto origin = origin_length(target);
    path.remove_prefix(origin);
    const auto end = path.find_first_of("?#");
    if (end == std::string_view::npos && !ended) return std::nullopt;
    path = path.substr(0, end);
    if (origin > 0 && path.empty()) return method == "OPTIONS" && end == std::string_view::npos ? "*" : "/";
    return path.starts_with('/') ? path : kInvalid;
}

} // namespace

RequestLine parse_request_line(std::string_view bytes, LineState state) {
    auto rest = bytes;
    const Word method = take_word(rest);
    const Word target = take_word(rest);
    const bool whole = state == LineState::whole;

    RequestLine line{std::string(kInvalid), std::string(kInvalid)};
    if (is_registered(method.text) && (method.ended || whole)) line.method = method.text;
    if (target.text.empty() && (whole || !method.ended)) return line;

    const auto path = path_of(method.text, target.text, target.ended || whole);
    if (path)
        line.path = as_text(*path);
    else if (state == LineState::cut)
        line.path.reset();
    return line;
}

} // namespace http
