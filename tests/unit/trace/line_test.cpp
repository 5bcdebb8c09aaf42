// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "trace/line.h"

namespace trace {
namespace {

using namespace std::chrono_literals;

Request failed_request() {
    Request request;
    request.worker = "worker_3_1700000000";
    request.method = "GET";
    request.path = "/users/7";
    request.status = 500;
    request.exception = "ValueError";
    request.duration = 150ms;
    request.time.parts = event::Parts{.on_cpu = 50ms, .lock = 1ms, .sockets = 70ms, .sleeping = 29ms};
    request.time.peers = {{"10.0.0.5:5432", 60ms}, {"poll", 10ms}};
    return request;
}

TEST(Line, DurationsHaveThreeDigits) {
    EXPECT_EQ(duration_text(0ns), "0us");
    EXPECT_EQ(duration_text(842us), "842us");
    EXPECT_EQ(duration_text(1234us), "1.23ms");
    EXPECT_EQ(duration_text(12345us), "12.3ms");
    EXPECT_EQ(duration_text(123456us), "123ms");
    EXPECT_EQ(duration_text(999600us), "1.00s");
    EXPECT_EQ(duration_text(12345ms), "12.3s");
    EXPECT_EQ(duration_text(345s), "345s");
}

TEST(Line, TheLongestPartComesFirstAndTheSmallestAreLeftOut) {
    const auto request = failed_request();
    EXPECT_EQ(parts_text(*request.time.parts, request.time.peers),
              "10.0.0.5:5432 60.0ms, cpu 50.0ms, sleep 29.0ms, poll 10.0ms");
    EXPECT_EQ(parts_text(*request.time.parts, {}), "sockets 70.0ms, cpu 50.0ms, sleep 29.0ms");
    EXPECT_EQ(parts_text({}, {}), "");
}

TEST(Line, ColumnsStandBelowTheirHeads) {
    const auto line = line_of(failed_request(), {});
    const auto head = header({});
    EXPECT_EQ(line.find("worker_3"), head.find("worker"));
    EXPECT_EQ(line.find("GET"), head.find("method"));
    EXPECT_EQ(line.find("/users/7"), head.find("path"));
    EXPECT_EQ(line.find("ValueError: 10.0.0.5:5432"), head.find("BREAKDOWN"));
    EXPECT_EQ(line.find("\x1b"), std::string::npos);
}

TEST(Line, ATerminalGetsColourAndNoMoreThanItsWidth) {
    auto request = failed_request();
    request.path = std::string("/").append(300, 'a');
    const auto plain = line_of(request, {.colour = false, .width = 120});
    EXPECT_LE(plain.size(), 120u);
    EXPECT_NE(plain.find("aaa... "), std::string::npos);
    EXPECT_NE(line_of(request, {.colour = true, .width = 120}).find("\x1b[31m500"), std::string::npos);
    EXPECT_NE(line_of(request, {}).find(request.path), std::string::npos) << "whole where it is no terminal";
}

TEST(Line, NamesThatWouldTurnTheLineAroundAreWrittenOut) {
    auto request = failed_request();
    request.path = "/\u202e/caf\u00e9";
    request.exception = "Late\u2066Error";
    request.time.peers = {{"/run/\u202ds", 70ms}};
    const auto line = line_of(request, {});
    EXPECT_NE(line.find("/\\xe2\\x80\\xae/caf\u00e9 "), std::string::npos) << line;
    EXPECT_NE(line.find("Late\\xe2\\x81\\xa6Error: /run/\\xe2\\x80\\xads 70.0ms"), std::string::npos) << line;
}

TEST(Line, SaysHowARequestEndedAndWhatIsShared) {
    auto request = failed_request();
    request.status = 0;
    request.ended_by = EndedBy::worker_exit;
    request.shared = true;
    const auto line = line_of(request, {});
    EXPECT_NE(line.find("   -    150ms"), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with("(shared), the worker ended")) << line;
}

TEST(Line, WaitingThatCameBeforeIsSaidApart) {
    auto request = failed_request();
    request.time.accept_queue = 30ms;
    request.time.thread_queue = 20ms;
    EXPECT_TRUE(line_of(request, {}).ends_with(", after 30.0ms in the accept queue, after 20.0ms unread"));
}

TEST(Line, WhatIsNotKnownIsAQuestion) {
    auto request = failed_request();
    request.time = {};
    request.exception.clear();
    EXPECT_TRUE(line_of(request, {}).ends_with("  ?"));
}

} // namespace
} // namespace trace
