// SPDX-License-Identifier: BSD-2-Clause
// The live page shows what unknown clients send. So nothing in it turns text into markup or code, and nothing in it is
// fetched from elsewhere; the policy that the server sends along would only stop what slipped through.
#include <gtest/gtest.h>

#include <array>
#include <regex>

#include "source_tree.h"

namespace {

std::vector<structure::SourceFile> page() {
    return structure::files_below("userspace/assets", {".js", ".css", ".html"});
}

TEST(PageSource, TurnsNoTextIntoMarkupOrCode) {
    constexpr std::array kWays = {"innerHTML",
                                  "outerHTML",
                                  "insertAdjacentHTML",
                                  "document.write",
                                  "createContextualFragment",
                                  "DOMParser",
                                  "setHTML",
                                  "srcdoc",
                                  "eval(",
                                  "new Function",
                                  "javascript:"};
    ASSERT_GT(page().size(), 10u);
    for (const auto& file : page())
        for (const auto& line : file.lines)
            for (const char* way : kWays) EXPECT_EQ(line.find(way), std::string::npos) << file.path << ": " << line;
}

TEST(PageSource, FetchesNothingFromElsewhere) {
    static const std::regex address(R"((https?:)?//[a-z0-9])", std::regex::icase);
    for (const auto& file : page())
        for (const auto& line : file.lines) EXPECT_FALSE(std::regex_search(line, address)) << file.path << ": " << line;
}

TEST(PageSource, HasNoScriptOrStyleInItsMarkup) {
    static const std::regex inside(R"(\son[a-z]+=|\sstyle=|<style|<script(?![^>]*\ssrc=))", std::regex::icase);
    for (const auto& file : structure::files_below("userspace/assets/live", {".html"}))
        for (const auto& line : file.lines) EXPECT_FALSE(std::regex_search(line, inside)) << file.path << ": " << line;
}

// A report is one file: what it runs has the nonce that its policy asks for, what has none is data.
TEST(PageSource, RunsNothingInAReportWithoutItsNonce) {
    static const std::regex inside(R"re(\son[a-z]+=|\sstyle=|\ssrc=|\shref=|<style(?! nonce="@NONCE@">)|)re"
                                   R"re(<script(?! nonce="@NONCE@">| type="application/json" id="[a-z-]+">))re",
                                   std::regex::icase);
    const auto files = structure::files_below("userspace/assets/report", {".html"});
    ASSERT_EQ(files.size(), 1u);
    for (const auto& line : files.front().lines) EXPECT_FALSE(std::regex_search(line, inside)) << line;
}

TEST(PageSource, PinsPackagesWithoutTheirRegistry) {
    const auto locks = structure::files_below("userspace/assets", {"package-lock.json"});
    ASSERT_EQ(locks.size(), 1u);
    std::size_t pinned = 0;
    for (const auto& line : locks.front().lines) {
        EXPECT_EQ(line.find("\"resolved\""), std::string::npos) << line;
        pinned += line.find("\"integrity\": \"sha512-") != std::string::npos ? 1 : 0;
    }
    EXPECT_GT(pinned, 0u);
}

} // namespace
