// SPDX-License-Identifier: BSD-2-Clause
// From the bytes of a request line, as the kernel kept them, to the method and path of a label.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace http {

// Label values for what cannot be known (invalid) and for what is known but not told apart (other).
inline constexpr std::string_view kInvalid = "invalid";
inline constexpr std::string_view kOther = "other";

enum class LineState {
    whole, // the line's end was read
    cut,   // the line goes on, but only so much of it was kept
    open,  // the line never ended: the server answered first
};

struct RequestLine {
    // A registered method (RFC 9110, PATCH, WebDAV and its extensions), as sent; else "invalid". Methods are
    // case-sensitive, and any other token is the client's invention, of which a label must not have many.
    std::string method;

    // The target without query and fragment: "/p" of "/p?q" and of "http://host/p?q", "*", or the authority of
    // CONNECT. Not decoded; bytes that are no UTF-8 text and control characters are percent-encoded, so it is always
    // valid printable text. "invalid" when there is no such target. Nothing when the line was cut before the
    // target's end: the path exists but is longer than any endpoint, and the caller says "other".
    std::optional<std::string> path;
};

// `bytes` is any sequence, without the line's end, and need not be HTTP. Parts are separated by white space, as
// RFC 9112 section 3 lets a lenient server do; the version is not looked at.
RequestLine parse_request_line(std::string_view bytes, LineState state);

} // namespace http
