// SPDX-License-Identifier: BSD-2-Clause
// What is compressed comes out again.
#include <gtest/gtest.h>

#include <string>

#include "client.h"
#include "web/gzip.h"

namespace {

TEST(Gzip, KeepsThePageAndMakesItSmaller) {
    std::string page;
    for (int worker = 0; worker < 2000; ++worker)
        page += "gunicorn_worker_requests_total{worker_id=\"worker_" + std::to_string(worker) + "_1700000000\"} 42\n";
    const auto compressed = web::gzip(page);
    ASSERT_TRUE(compressed.has_value()) << compressed.error().text;
    EXPECT_LT(compressed->size(), page.size() / 5);
    EXPECT_EQ(web_test::gunzip(*compressed), page);
}

TEST(Gzip, KeepsBytesThatCannotBeCompressed) {
    std::string noise;
    unsigned state = 1;
    for (int i = 0; i < 100000; ++i) {
        state = state * 1664525U + 1013904223U;
        noise += static_cast<char>(state >> 24);
    }
    const auto compressed = web::gzip(noise);
    ASSERT_TRUE(compressed.has_value()) << compressed.error().text;
    EXPECT_EQ(web_test::gunzip(*compressed), noise);
}

TEST(Gzip, MakesAMemberOfAnEmptyPage) {
    const auto compressed = web::gzip("");
    ASSERT_TRUE(compressed.has_value()) << compressed.error().text;
    ASSERT_GE(compressed->size(), 18U); // header and trailer of RFC 1952
    EXPECT_EQ(compressed->substr(0, 3), "\x1f\x8b\x08");
}

} // namespace
