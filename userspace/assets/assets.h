// SPDX-License-Identifier: BSD-2-Clause
// What browsers are sent, inside the binary: nothing is read from disk and nothing is fetched from elsewhere.
#pragma once

#include <span>
#include <string_view>

namespace assets {

struct File {
    std::string_view name; // "app.js"; unique within its set
    std::string_view content;
};

// The live page: "index.html" and what it loads. Empty when built without (GBE_WEB_ASSETS=OFF).
std::span<const File> live_page();
// The report: "index.html", a template, and what is put into it: "style.css", "report.js", "licenses.txt". Likewise.
std::span<const File> report_page();

} // namespace assets
