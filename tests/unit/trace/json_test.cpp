// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "trace/json.h"
#include "trace/parts.h"

namespace trace {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Request sample() {
    Request request;
    request.at = std::chrono::system_clock::time_point(1700000000s + 1234us);
    request.worker = "worker_3_1700000000";
    request.pid = 4711;
    request.master = 4000;
    request.method = "GET";
    request.path = "/users/7";
    request.endpoint = "/users/{id}";
    request.status = 200;
    request.duration = 150ms;
    request.time.accept_queue = 3ms;
    request.time.thread_queue = 2ms;
    request.time.parts = event::Parts{.on_cpu = 45ms, .gc = 5ms, .sockets = 70ms, .sleeping = 30ms};
    request.time.gc_known = true;
    request.time.peers = {{"10.0.0.5:5432", 60ms}, {"poll", 10ms}};
    return request;
}

TEST(Json, SaysWhatThePageSays) {
    const auto object = json::parse(json_of(sample()));
    EXPECT_EQ(object["time"], "2023-11-14T22:13:20.001234Z");
    EXPECT_EQ(object["worker"], "worker_3_1700000000");
    EXPECT_EQ(object["pid"], 4711);
    EXPECT_EQ(object["master_pid"], 4000);
    EXPECT_EQ(object["method"], "GET");
    EXPECT_EQ(object["path"], "/users/7");
    EXPECT_EQ(object["endpoint"], "/users/{id}");
    EXPECT_EQ(object["status"], 200);
    EXPECT_TRUE(object["exception"].is_null());
    EXPECT_EQ(object["incomplete"], false);
    EXPECT_TRUE(object["ended_by"].is_null());
    EXPECT_DOUBLE_EQ(object["duration_seconds"], 0.15);
    EXPECT_DOUBLE_EQ(object["accept_queue_seconds"], 0.003);
    EXPECT_DOUBLE_EQ(object["thread_queue_seconds"], 0.002);
    EXPECT_DOUBLE_EQ(object["on_cpu_seconds"], 0.045);
    EXPECT_DOUBLE_EQ(object["gc_seconds"], 0.005);
    EXPECT_DOUBLE_EQ(object["sockets_seconds"], 0.07);
    EXPECT_DOUBLE_EQ(object["sleeping_seconds"], 0.03);
    EXPECT_EQ(object["shared"], false);
    const auto peers = json::parse(R"([{"peer":"10.0.0.5:5432","seconds":0.06},{"peer":"poll","seconds":0.01}])");
    EXPECT_EQ(object["sockets"], peers);
}

TEST(Json, ThePartsAddUp) {
    const auto object = json::parse(json_of(sample()));
    double sum = 0;
    for (const auto& part : kParts) sum += object[std::string(part.field)].get<double>();
    EXPECT_DOUBLE_EQ(sum, object["duration_seconds"].get<double>());
}

TEST(Json, ACollectorThatIsNotObservedHasNoPart) {
    auto request = sample();
    request.time.gc_known = false;
    const auto object = json::parse(json_of(request));
    EXPECT_TRUE(object["gc_seconds"].is_null());
    EXPECT_DOUBLE_EQ(object["on_cpu_seconds"], 0.045);
}

TEST(Json, WhatIsNotKnownIsNull) {
    auto request = sample();
    request.status = 0;
    request.ended_by = EndedBy::worker_exit;
    request.time = {};
    request.exception = "ValueError";
    const auto object = json::parse(json_of(request));
    for (const auto& part : kParts) EXPECT_TRUE(object[std::string(part.field)].is_null()) << part.field;
    for (const auto* field : {"status", "accept_queue_seconds", "thread_queue_seconds", "sockets"})
        EXPECT_TRUE(object[field].is_null()) << field;
    EXPECT_EQ(object["ended_by"], "worker_exit");
    EXPECT_EQ(object["incomplete"], true);
    EXPECT_EQ(object["exception"], "ValueError");
}

TEST(Json, IsOneLineWhateverIsInIt) {
    auto request = sample();
    request.path = "/a\nb\"c\xff";
    const auto text = json_of(request);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_TRUE(json::accept(text));
}

} // namespace
} // namespace trace
