// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <utility>

#include "gunicorn/worker_class.h"

namespace gunicorn {
namespace {

TEST(WorkerClass, EventLoops) {
    for (const char* name :
         {"gevent", "gevent_pywsgi", "eventlet", "tornado", "asgi", "uvicorn.workers.UvicornWorker",
          "aiohttp.GunicornWebWorker", "aiohttp.worker.GunicornUVLoopWebWorker", "shop.workers.MyUvicornWorker"})
        EXPECT_TRUE(is_event_loop(name)) << name;
    for (const char* name : {"", "sync", "gthread", "shop.workers.Patient"}) EXPECT_FALSE(is_event_loop(name)) << name;
}

event::Concurrency of(Facts facts, bool was_asked = true, const char* unreadable = "") {
    Master master{};
    master.read_facts = std::move(facts);
    master.age_check.answered = was_asked;
    master.arbiter_unreadable = unreadable;
    return concurrency_of(master);
}

TEST(WorkerClass, WhatServesItsConnections) {
    EXPECT_EQ(of({{"worker_class", "sync"}, {"concurrency", "sync"}}), event::Concurrency::processes);
    EXPECT_EQ(of({{"worker_class", "shop.workers.Patient"}, {"concurrency", "gthread"}}), event::Concurrency::threads);
    EXPECT_EQ(of({{"worker_class", "gevent"}, {"concurrency", "other"}}), event::Concurrency::requests);
}

TEST(WorkerClass, WhetherItKnowsTheProxyProtocol) {
    const auto takes = [](Facts facts) {
        Master master{};
        master.read_facts = std::move(facts);
        return takes_proxy_lines(master);
    };
    EXPECT_TRUE(takes({{"worker_class", "gevent"}, {"proxy_protocol", "on"}}));
    EXPECT_TRUE(takes({{"worker_class", "gevent"}})) << "not known";
    EXPECT_FALSE(takes({{"worker_class", "asgi"}, {"proxy_protocol", "off"}}));
    for (const auto* other : {"shop.MyUvicornWorker", "tornado", "gevent_pywsgi", "aiohttp.GunicornWebWorker"})
        EXPECT_FALSE(takes({{"worker_class", other}, {"proxy_protocol", "on"}})) << other;
}

// Of a command line: it says "sync" where a configuration file sets threads, which the Arbiter knows.
TEST(WorkerClass, WhatServesIsNotKnownBeforeTheArbiterWasAsked) {
    EXPECT_EQ(of({{"worker_class", "sync"}}, false), event::Concurrency::requests);
    EXPECT_EQ(of({{"worker_class", "sync"}}, false, "no such version"), event::Concurrency::processes);
    EXPECT_EQ(of({{"worker_class", "gthread"}}, false, "no such version"), event::Concurrency::threads);
    EXPECT_EQ(of({}, false, "no such version"), event::Concurrency::requests);
}

} // namespace
} // namespace gunicorn
