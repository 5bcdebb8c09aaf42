// SPDX-License-Identifier: BSD-2-Clause
#include "http/uwsgi_packet.h"

#include <optional>
#include <string>

namespace http {
namespace {

// Takes a length and as many bytes off `rest`. Nothing when they are not all there.
std::optional<std::string_view> take_text(std::string_view& rest) {
    if (rest.size() < 2) return std::nullopt;
    const std::size_t length =
        static_cast<unsigned char>(rest[0]) | static_cast<std::size_t>(static_cast<unsigned char>(rest[1])) << 8;
    if (rest.size() - 2 < length) return std::nullopt;
    const auto text = rest.substr(2, length);
    rest.remove_prefix(2 + length);
    return text;
}

} // namespace

RequestLine parse_uwsgi_packet(std::string_view bytes, LineState state) {
    std::string_view method, uri, path;
    auto rest = bytes;
    while (const auto name = take_text(rest)) {
        const auto value = take_text(rest);
        if (!value) break;
        if (*name == "REQUEST_METHOD") method = *value;
        if (*name == "REQUEST_URI") uri = *value;
        if (*name == "PATH_INFO") path = *value;
    }
    const auto target = uri.empty() ? path : uri;
    auto line = parse_request_line(std::string(method) + " " + std::string(target) + " ", LineState::whole);
    if (target.empty() && state == LineState::cut) line.path.reset();
    return line;
}

} // namespace http
