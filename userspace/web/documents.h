// SPDX-License-Identifier: BSD-2-Clause
// What is the same for every client for as long as the process runs: pages, scripts and styles that are in the binary.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "web/answer.h"

namespace web {

struct Document {
    std::string path; // "/assets/app.js"; its ending says what it is
    std::string body;
};

class Documents {
public:
    explicit Documents(std::vector<Document> documents);

    bool has(std::string_view path) const { return kept_.contains(path); }

    // Of a path that it has: 200, or 304 for a client that has this very content. Clients ask again each time, since
    // the next release has other content under the same path.
    Answer answer(const Request& request) const;

private:
    struct Kept {
        std::string content_type;
        std::string tag; // as in ETag
        std::string plain;
        std::string compressed; // gzip; empty where that is not smaller
    };
    std::map<std::string, Kept, std::less<>> kept_; // by path
};

// What a browser may do with a page of this server: load what is here and nothing else, run no script of a page's text,
// and be shown in nobody's frame.
void add_page_policy(Answer& answer);

} // namespace web
