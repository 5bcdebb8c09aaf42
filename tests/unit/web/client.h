// SPDX-License-Identifier: BSD-2-Clause
// A client that speaks to the server through a real socket, byte by byte if a test wants to.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace web_test {

struct Response {
    int status = 0;                             // 0: the connection ended without a response
    std::map<std::string, std::string> headers; // names in lower case
    std::string body;
};

// A connection to 127.0.0.1. Every wait ends after a minute.
class Client {
public:
    explicit Client(std::uint16_t port);
    Client(Client&& other) noexcept;
    Client(const Client&) = delete;
    ~Client();

    bool send(std::string_view bytes) const;
    // One response, framed by its Content-Length; `head` for an answer to HEAD, which has no body.
    Response receive(bool head = false);
    // Whether the server closes within `patience`; bytes that arrive before are thrown away.
    bool is_closed_within(std::chrono::milliseconds patience);

private:
    std::string read_until_head_ends();
    bool fill();

    int descriptor_;
    std::string buffer_; // received and not consumed
};

// One request on a connection of its own. `headers` are whole lines, each with its CRLF.
Response request(std::uint16_t port, std::string_view method, std::string_view target, std::string_view headers = "");
Response get(std::uint16_t port, std::string_view target, std::string_view headers = "");

// What zlib makes of a gzip member; empty when it is not one.
std::string gunzip(std::string_view compressed);

} // namespace web_test
