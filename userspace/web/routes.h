// SPDX-License-Identifier: BSD-2-Clause
// What is answered to which request. Knows HTTP's meaning, not its transport.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"
#include "web/answer.h"
#include "web/documents.h"
#include "web/negotiation.h"

namespace web {

// A path and who answers it.
struct Page {
    std::string path; // as Routes::create has it
    std::function<Answer(const Request&)> answer;
    std::string methods = "GET, HEAD"; // as the header Allow lists them; others are answered with 405
};

// Where the content comes from. Called from the server's thread, one call at a time; they may block for some
// milliseconds, must return in bounded time and must be safe beside the thread that started the server.
struct Pages {
    std::function<Result<std::string>(Format)> metrics; // an error becomes a 503 with its sentence
    std::function<bool()> ready;
    std::function<Result<void>()> cleanup = {};     // POST /-/cleanup, where that is switched on
    std::function<Result<void>()> reload = {};      // POST /-/reload, likewise
    std::function<Result<std::string>()> live = {}; // JSON for the live page; without it there is no such path
    std::vector<Document> documents = {};           // the live page; without "/" there is a plain list of links
};

// A sentence as plain text.
Answer sentence(int status, std::string_view text);

class Routes {
public:
    // The paths begin with "/" and consist of letters, digits and "/-._~"; that of the metrics is not below "/-/".
    // `lifecycle`: whether POST /-/cleanup and /-/reload do anything.
    static Result<Routes> create(const std::string& telemetry_path, Pages pages, bool lifecycle = false);

    Answer answer(const Request& asked) const;

private:
    Routes() = default;

    std::string telemetry_path_;
    std::map<std::string, Page, std::less<>> table_; // by path
};

} // namespace web
