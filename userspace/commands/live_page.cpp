// SPDX-License-Identifier: BSD-2-Clause
#include "commands/live_page.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "assets/assets.h"

namespace commands {
namespace {

// The page's own links are relative, so that it works behind a proxy that puts it below some path.
std::string with_link(std::string_view page, std::string_view telemetry_path) {
    constexpr std::string_view kPlace = "href=\"metrics\"";
    std::string text(page);
    if (const auto at = text.find(kPlace); at != std::string::npos)
        text.replace(at, kPlace.size(), fmt::format("href=\".{}\"", telemetry_path));
    return text;
}

} // namespace

std::vector<web::Document> live_page(std::string_view telemetry_path) {
    std::vector<web::Document> documents;
    for (const auto& [name, content] : assets::live_page()) {
        if (name == "index.html")
            documents.push_back({.path = "/", .body = with_link(content, telemetry_path)});
        else
            documents.push_back({.path = fmt::format("/assets/{}", name), .body = std::string(content)});
    }
    return documents;
}

std::string instance_name() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{}-{}", getpid(), std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

} // namespace commands
