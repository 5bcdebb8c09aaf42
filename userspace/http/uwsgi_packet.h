// SPDX-License-Identifier: BSD-2-Clause
// A request as a web server sends it to uwsgi: variables instead of a request line.
#pragma once

#include <string_view>

#include "http/request_line.h"

namespace http {

// `bytes` is the packet behind its header of four bytes: pairs of name and value, each with its length before it (16
// bits, little endian). Method and path as parse_request_line() has them, from REQUEST_METHOD and REQUEST_URI, or
// PATH_INFO without the latter. LineState::cut: the packet goes on, but only so much of it was kept.
RequestLine parse_uwsgi_packet(std::string_view bytes, LineState state);

} // namespace http
