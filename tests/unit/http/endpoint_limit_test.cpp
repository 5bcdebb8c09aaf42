// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "http/endpoint_limit.h"

namespace {

using http::EndpointLimit;

TEST(EndpointLimit, FirstComeFirstServed) {
    EndpointLimit limit(2, {});
    EXPECT_EQ(limit.admit("/a"), "/a");
    EXPECT_EQ(limit.admit("/b"), "/b");
    EXPECT_EQ(limit.admit("/c"), "other");
    EXPECT_EQ(limit.admit("/d", 5), "other");
    EXPECT_EQ(limit.admit("/a"), "/a");
    EXPECT_EQ(limit.refused(), 6u);
    EXPECT_EQ(limit.admitted(), 2u);
}

TEST(EndpointLimit, RoutesAndFixedValuesTakeNoPlace) {
    EndpointLimit limit(1, {*http::RouteTemplate::parse("/users/{id}")});
    EXPECT_EQ(limit.admit("/noise"), "/noise");
    EXPECT_EQ(limit.admit("/users/{id}"), "/users/{id}");
    EXPECT_EQ(limit.admit("other"), "other");
    EXPECT_EQ(limit.admit("invalid"), "invalid");
    EXPECT_EQ(limit.refused(), 0u);
    EXPECT_EQ(limit.admit("/more"), "other");
}

TEST(EndpointLimit, ZeroRefusesAll) {
    EndpointLimit limit(0, {});
    EXPECT_EQ(limit.admit("/a"), "other");
    EXPECT_EQ(limit.admitted(), 0u);
}

TEST(EndpointLimit, UnusedValuesMakeRoom) {
    EndpointLimit limit(2, {});
    limit.admit("/a");
    limit.admit("/b");
    limit.admit("/c");
    limit.keep_only({"/b", "/unknown"});
    EXPECT_EQ(limit.admitted(), 1u);
    EXPECT_EQ(limit.admit("/c"), "/c");
    EXPECT_EQ(limit.admit("/a"), "other");
    EXPECT_EQ(limit.refused(), 2u);
}

TEST(EndpointLimit, AMillionPathsTakeNoMemory) {
    EndpointLimit limit(200, {});
    std::size_t before = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        if (i == 1000) before = mallinfo2().uordblks;
        limit.admit("/scan/path-" + std::to_string(i) + std::string(100, 'x'));
    }
    EXPECT_EQ(limit.admitted(), 200u);
    EXPECT_EQ(limit.refused(), 999'800u);
    EXPECT_LT(mallinfo2().uordblks, before + 65'536);
}

} // namespace
