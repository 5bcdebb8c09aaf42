// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "trace/filter.h"

namespace trace {
namespace {

using namespace std::chrono_literals;

Request slow_request() {
    Request request;
    request.worker = "worker_3_1700000000";
    request.pid = 4711;
    request.path = "/users/7/edit";
    request.status = 503;
    request.duration = 200ms;
    return request;
}

TEST(Filter, AnEmptyOneMatchesAll) {
    EXPECT_TRUE(Filter{}.matches(slow_request()));
    EXPECT_TRUE(Filter{}.matches(Request{}));
}

TEST(Filter, SlowerThanIsNotAsSlowAs) {
    EXPECT_TRUE(Filter{.slower_than = 199ms}.matches(slow_request()));
    EXPECT_FALSE(Filter{.slower_than = 200ms}.matches(slow_request()));
}

bool matches_status(std::string_view statuses, int status) {
    const auto parsed = parse_statuses(statuses);
    if (!parsed) return false;
    auto request = slow_request();
    request.status = status;
    return Filter{.statuses = *parsed}.matches(request);
}

TEST(Filter, StatusesAreNumbersAndClasses) {
    EXPECT_TRUE(matches_status("503", 503));
    EXPECT_FALSE(matches_status("503", 504));
    EXPECT_TRUE(matches_status("5xx", 500));
    EXPECT_TRUE(matches_status("5XX", 599));
    EXPECT_FALSE(matches_status("5xx", 600));
    EXPECT_FALSE(matches_status("5xx", 499));
    EXPECT_TRUE(matches_status("404,5xx", 404));
    EXPECT_TRUE(matches_status("404,5xx", 502));
    EXPECT_FALSE(matches_status("404,5xx", 403));
    EXPECT_FALSE(matches_status("5xx", 0)) << "no response";
}

TEST(Filter, WhatIsNoStatusIsNamed) {
    for (const auto* text : {"", "5", "50x", "x00", "5xxx", "abc", "404,", ",404", "404;500", "-10", "0xx"}) {
        const auto parsed = parse_statuses(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().text.find("is no status"), std::string::npos);
    }
}

TEST(Filter, TheEndpointIsAGlobOfThePath) {
    EXPECT_TRUE(Filter{.endpoint = "/users/*"}.matches(slow_request())) << "* goes over /";
    EXPECT_TRUE(Filter{.endpoint = "/users/?/edit"}.matches(slow_request()));
    EXPECT_TRUE(Filter{.endpoint = "*/[a-f]dit"}.matches(slow_request()));
    EXPECT_FALSE(Filter{.endpoint = "/users"}.matches(slow_request())) << "the whole path";
    EXPECT_FALSE(Filter{.endpoint = "/orders/*"}.matches(slow_request()));
}

TEST(Filter, AWorkerIsNamedByIdOrPid) {
    EXPECT_TRUE(Filter{.worker = "worker_3_1700000000"}.matches(slow_request()));
    EXPECT_TRUE(Filter{.worker = "4711"}.matches(slow_request()));
    EXPECT_FALSE(Filter{.worker = "worker_3"}.matches(slow_request()));
    EXPECT_FALSE(Filter{.worker = "471"}.matches(slow_request()));
}

TEST(Filter, AllOfItHasToMatch) {
    const Filter filter{.slower_than = 100ms, .endpoint = "/users/*", .worker = "1"};
    EXPECT_FALSE(filter.matches(slow_request()));
}

} // namespace
} // namespace trace
