// SPDX-License-Identifier: BSD-2-Clause
// What is answered to which request. Knows HTTP's meaning, not its transport.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result.h"
#include "web/negotiation.h"

namespace web {

struct Request {
    std::string_view method;          // "GET"
    std::string_view path;            // decoded, without query
    std::string_view accept;          // header values; empty when absent
    std::string_view accept_encoding; //
};

struct Answer {
    int status = 200;
    std::string content_type;
    std::string body;                                         // of a HEAD request too: the server sends its length only
    std::vector<std::pair<std::string, std::string>> headers; // the others
};

// Where the content comes from. Called from the server's thread, one call at a time; they may block for some
// milliseconds, must return in bounded time and must be safe beside the thread that started the server.
struct Pages {
    std::function<Result<std::string>(Format)> metrics; // an error becomes a 503 with its sentence
    std::function<bool()> ready;
};

class Routes {
public:
    // The path begins with "/", consists of letters, digits and "/-._~", and is not below "/-/".
    static Result<Routes> create(std::string telemetry_path, Pages pages);

    Answer answer(const Request& request) const;

private:
    Routes(std::string telemetry_path, Pages pages);
    Answer metrics(const Request& request) const;
    Answer readiness() const;
    Answer landing() const;

    std::string telemetry_path_;
    Pages pages_;
};

} // namespace web
