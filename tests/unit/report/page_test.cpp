// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <string>

#include "assets/assets.h"
#include "report/page.h"

namespace report_test {
namespace {

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) found++;
    return found;
}

std::string nonce_of(const std::string& page) {
    const std::string mark = "script-src 'nonce-";
    return page.substr(page.find(mark) + mark.size(), 32);
}

TEST(Page, HoldsEverythingItNeeds) {
    if (assets::report_page().empty()) GTEST_SKIP() << "built without the page";
    const auto page = report::page_of(R"({"began":1})");
    ASSERT_TRUE(page) << page.error().text;
    for (const auto* mark : {"@NONCE@", "@STYLE@", "@SCRIPT@", "@RECORDING@", "@LICENCES@"})
        EXPECT_EQ(page->find(mark), std::string::npos) << mark;
    EXPECT_NE(page->find(R"(id="recording">{"began":1}</script>)"), std::string::npos);
    EXPECT_EQ(count(*page, "<link"), 0u);
    EXPECT_EQ(count(*page, " src="), 0u);
    EXPECT_EQ(count(*page, "nonce=\"" + nonce_of(*page) + "\""), 2u); // style and code
}

TEST(Page, WhatIsRecordedStaysData) {
    if (assets::report_page().empty()) GTEST_SKIP() << "built without the page";
    const auto page = report::page_of(R"({"path":"</script><script>alert(1)</script>@SCRIPT@<!--"})");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->find("<script>alert"), std::string::npos);
    EXPECT_NE(page->find(R"(\u003c/script>\u003cscript>alert(1))"), std::string::npos);
    EXPECT_NE(page->find(R"(@SCRIPT@\u003c!--)"), std::string::npos); // what is put in is not looked at again
}

TEST(Page, NoTwoHaveTheSameNonce) {
    if (assets::report_page().empty()) GTEST_SKIP() << "built without the page";
    EXPECT_NE(nonce_of(*report::page_of("{}")), nonce_of(*report::page_of("{}")));
}

} // namespace
} // namespace report_test
