// SPDX-License-Identifier: BSD-2-Clause
#include "report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "assets/assets.h"

namespace report {

namespace {

// Inside <script> only "<" can end or change what follows (HTML Living Standard, section 4.12.1.3).
std::string as_script_data(std::string_view json) {
    std::string escaped;
    escaped.reserve(json.size() + json.size() / 16);
    for (const char c : json) {
        if (c == '<')
            escaped += "\\u003c";
        else
            escaped += c;
    }
    return escaped;
}

// Not to be guessed, so that nothing in the recording can name it.
std::string nonce() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string_view file(std::string_view name) {
    const auto files = assets::report_page();
    const auto found = std::ranges::find(files, name, &assets::File::name);
    return found == files.end() ? std::string_view() : found->content;
}

// Replaces @NAME@ by a text; in one pass, so that what is put in is not looked at again.
std::string fill(std::string_view text, const std::vector<std::pair<std::string_view, std::string_view>>& values) {
    std::string filled;
    while (!text.empty()) {
        const auto mark = text.find('@');
        filled += text.substr(0, mark);
        if (mark == std::string_view::npos) break;
        text.remove_prefix(mark);
        const auto value = std::ranges::find_if(values, [&](const auto& each) { return text.starts_with(each.first); });
        filled += value == values.end() ? text.substr(0, 1) : value->second;
        text.remove_prefix(value == values.end() ? 1 : value->first.size());
    }
    return filled;
}

} // namespace

Result<std::string> page_of(std::string_view recording) {
    if (assets::report_page().empty())
        return fail("this build has no report page (GBE_WEB_ASSETS=OFF); --json gives the same data");
    const auto licences = nlohmann::json(std::string(file("licenses.txt")))
                              .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const auto secret = nonce();
    const auto data = as_script_data(recording);
    const auto licence_data = as_script_data(licences);
    return fill(file("index.html"), {{"@NONCE@", secret},
                                     {"@STYLE@", file("style.css")},
                                     {"@RECORDING@", data},
                                     {"@LICENCES@", licence_data},
                                     {"@SCRIPT@", file("report.js")}});
}

} // namespace report
