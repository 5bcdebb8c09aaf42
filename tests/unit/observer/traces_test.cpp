// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "observer/traces.h"
#include "scene.h"

namespace observer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr event::KernelTime kAt = 1000s; // when a request ends
const gunicorn::WallTime kBoot{std::chrono::seconds{gunicorn::kBoot}};

event::Traced traced(event::Slot slot, std::string line, int status = 200) {
    event::Traced traced{};
    traced.request.slot = slot;
    traced.request.pid = 101;
    traced.request.status = status;
    traced.request.request_line = std::move(line);
    traced.request.duration = 150ms;
    traced.request.at = kAt;
    return traced;
}

// A master 100 with a worker 101, and what is handed on.
class TracesTest : public testing::Test {
protected:
    void start(const std::string& worker_class = "gthread") {
        scene.start_master(100);
        scene.start_worker(101, 100);
        scene.set_arbiter(100, {.worker_age = 4, .ages = {{101, 4}}, .facts = {{"worker_class", worker_class}}});
        scene.scan();
    }
    void forward(event::KernelTime now = kAt) { traces.forward(scene.tree(), endpoints, now); }
    trace::Request shown(const event::Traced& traced, std::string exception = {}) {
        requests.clear();
        traces.take(traced, std::move(exception));
        forward();
        if (requests.size() != 1) throw std::runtime_error("not one request");
        return requests.front();
    }
    trace::Request shown(std::string line) { return shown(traced(scene.slot_of(101), std::move(line))); }
    std::vector<std::string> paths() const {
        std::vector<std::string> paths;
        paths.reserve(requests.size());
        for (const auto& request : requests) paths.push_back(request.path);
        return paths;
    }

    gunicorn::Scene scene;
    http::EndpointFolding endpoints;
    std::vector<trace::Request> requests;
    Traces traces{[this](const trace::Request& request) { requests.push_back(request); },
                  [](event::KernelTime at) { return kBoot + at; },
                  [this](pid_t master) { return collector_seen && master == 100; }};
    bool collector_seen = true;
};

TEST_F(TracesTest, NobodyAskedOrSomebodyDid) {
    EXPECT_TRUE(traces);
    EXPECT_FALSE(Traces({}, {}, {}));
}

TEST_F(TracesTest, SayWhoseTheRequestIsAndWhatItWas) {
    start();
    auto record = traced(scene.slot_of(101), "POST /users/7?token=x HTTP/1.1", 503);
    record.time.accept_queue = 3ms;
    record.time.thread_queue = 2ms;
    record.time.parts = event::Parts{.on_cpu = 50ms, .sockets = 100ms};
    record.time.peers = {{"10.0.0.5:5432", 100ms}};
    const auto request = shown(record, "LookupError");
    EXPECT_EQ(request.at, kBoot + kAt);
    EXPECT_EQ(request.ended, kAt);
    EXPECT_EQ(request.worker, scene.worker(101).id());
    EXPECT_TRUE(request.worker.starts_with("worker_4_")) << request.worker;
    EXPECT_EQ(request.pid, 101);
    EXPECT_EQ(request.master, 100);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/users/7");
    EXPECT_EQ(request.endpoint, "/users/{id}");
    EXPECT_EQ(request.status, 503);
    EXPECT_EQ(request.exception, "LookupError");
    EXPECT_EQ(request.ended_by, trace::EndedBy::nobody);
    EXPECT_EQ(request.duration, 150ms);
    EXPECT_EQ(request.time.accept_queue, 3ms);
    EXPECT_EQ(request.time.thread_queue, 2ms);
    ASSERT_TRUE(request.time.parts);
    EXPECT_EQ(request.time.parts->sockets, 100ms);
    ASSERT_EQ(request.time.peers.size(), 1u);
    EXPECT_EQ(request.time.peers[0].peer, "10.0.0.5:5432");
    EXPECT_FALSE(request.shared);
    EXPECT_EQ(request.stacks, nullptr);
}

TEST_F(TracesTest, SayWhetherTheCollectorOfItsMasterIsObserved) {
    start();
    EXPECT_TRUE(shown("GET / HTTP/1.1").time.gc_known);
    collector_seen = false;
    EXPECT_FALSE(shown("GET / HTTP/1.1").time.gc_known);
}

TEST_F(TracesTest, SayWhoCutItOff) {
    start();
    auto record = traced(scene.slot_of(101), "GET / HTTP/1.1", 0);
    using By = event::Aborted::By;
    const std::vector<std::pair<By, trace::EndedBy>> all{{By::client, trace::EndedBy::client},
                                                         {By::server, trace::EndedBy::server},
                                                         {By::worker_exit, trace::EndedBy::worker_exit}};
    for (const auto& [by, expected] : all) {
        record.by = by;
        EXPECT_EQ(shown(record).ended_by, expected);
    }
}

TEST_F(TracesTest, OfALineThatIsTooLongTheBeginningIsShownAndTheEndpointIsOther) {
    start();
    auto record = traced(scene.slot_of(101), "GET /" + std::string(100, 'a'));
    record.request.request_line_cut = true;
    const auto request = shown(record);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.path, "/" + std::string(100, 'a') + "...");
    EXPECT_EQ(request.endpoint, "other");
}

TEST_F(TracesTest, ALineThatIsCutBehindItsPathHasAllOfThePath) {
    start();
    auto record = traced(scene.slot_of(101), "GET /users/7?" + std::string(100, 'a'));
    record.request.request_line_cut = true;
    const auto request = shown(record);
    EXPECT_EQ(request.path, "/users/7");
    EXPECT_EQ(request.endpoint, "/users/{id}");
}

TEST_F(TracesTest, WhatIsNoRequestLineIsInvalidAndWhatATerminalWouldObeyIsWrittenOut) {
    start();
    const auto nonsense = shown("\x16\x03\x01");
    EXPECT_EQ(nonsense.method, "invalid");
    EXPECT_EQ(nonsense.path, "invalid");
    EXPECT_EQ(nonsense.endpoint, "invalid");
    EXPECT_EQ(shown("GET /\x1b[31m\xff HTTP/1.1").path, "/%1B[31m%FF");
}

TEST_F(TracesTest, TheUserSRoutesAreEndpoints) {
    start();
    endpoints =
        http::EndpointFolding(http::EndpointFolding::Identifiers::keep, {*http::RouteTemplate::parse("/shop/{name}")});
    EXPECT_EQ(shown("GET /shop/tea HTTP/1.1").endpoint, "/shop/{name}");
    EXPECT_EQ(shown("GET /users/7 HTTP/1.1").endpoint, "/users/7");
}

class TracesOfClass : public TracesTest, public testing::WithParamInterface<std::pair<std::string, bool>> {};

TEST_P(TracesOfClass, AreSharedOnAnEventLoop) {
    start(GetParam().first);
    EXPECT_EQ(shown("GET / HTTP/1.1").shared, GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(, TracesOfClass,
                         testing::Values(std::pair{"sync", false}, std::pair{"gthread", false},
                                         std::pair{"gevent", true}, std::pair{"eventlet", true},
                                         std::pair{"tornado", true}, std::pair{"asgi", true},
                                         std::pair{"uvicorn.workers.UvicornWorker", true},
                                         std::pair{"uvicorn_worker.UvicornH11Worker", true},
                                         std::pair{"gunicorn.workers.gasgi.ASGIWorker", true},
                                         std::pair{"aiohttp.GunicornWebWorker", true}));

TEST_F(TracesTest, AreSharedWhereTheKernelSawIt) {
    start("shop.OwnWorker");
    auto record = traced(scene.slot_of(101), "GET / HTTP/1.1");
    EXPECT_FALSE(shown(record).shared);
    record.time.interleaved = true;
    EXPECT_TRUE(shown(record).shared);
    record.time.interleaved = false;
    record.time.moved = true;
    EXPECT_TRUE(shown(record).shared);
}

TEST_F(TracesTest, WaitForTheirWorkerToBeKnown) {
    traces.take(traced(2, "GET /early HTTP/1.1"), {});
    forward(kAt + 1s);
    EXPECT_TRUE(requests.empty());
    start();
    ASSERT_EQ(scene.slot_of(101), 2u);
    forward(kAt + 4s);
    EXPECT_THAT(paths(), ElementsAre("/early"));
    forward(kAt + 4s);
    EXPECT_EQ(requests.size(), 1u) << "once";
}

TEST_F(TracesTest, ThoseThatWaitDoNotHoldUpOthersAndOrderIsKept) {
    start();
    const auto known = scene.slot_of(101);
    traces.take(traced(9, "GET /stranger HTTP/1.1"), {});
    for (const auto* line : {"GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /3 HTTP/1.1"})
        traces.take(traced(known, line), {});
    forward();
    EXPECT_THAT(paths(), ElementsAre("/1", "/2", "/3"));
}

TEST_F(TracesTest, OfAStrangerAreDroppedAfterAWhile) {
    traces.take(traced(2, "GET /stranger HTTP/1.1"), {});
    forward(kAt + 5s);
    start();
    ASSERT_EQ(scene.slot_of(101), 2u);
    forward(kAt + 5s);
    EXPECT_TRUE(requests.empty());
}

TEST_F(TracesTest, NoMoreThanABoundWait) {
    for (int i = 0; i < 10'001; i++) traces.take(traced(2, "GET /" + std::to_string(i) + " HTTP/1.1"), {});
    forward();
    traces.take(traced(2, "GET /late HTTP/1.1"), {});
    start();
    forward();
    ASSERT_EQ(requests.size(), 10'000u);
    EXPECT_EQ(traces.dropped(), 2u);
    EXPECT_EQ(requests.front().path, "/0");
    EXPECT_EQ(requests.back().path, "/9999");
}

} // namespace
} // namespace observer
