// SPDX-License-Identifier: BSD-2-Clause
// One exchange, without its transport.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace web {

struct Request {
    std::string_view method;          // "GET"
    std::string_view path;            // decoded, without query
    std::string_view accept;          // header values; empty when absent
    std::string_view accept_encoding; //
    std::string_view if_none_match;   //
};

struct Answer {
    int status = 200;
    std::string content_type;
    std::string body;                                         // of a HEAD request too: the server sends its length only
    std::vector<std::pair<std::string, std::string>> headers; // the others
};

} // namespace web
