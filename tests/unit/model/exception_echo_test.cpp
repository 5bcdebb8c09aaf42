// SPDX-License-Identifier: BSD-2-Clause
// An exception that was being handled when it was answered, or that passed a framework before, and that is logged as
// well.
#include <gtest/gtest.h>

#include "exception_matcher_fixture.h"

using namespace std::chrono_literals;

namespace model {
namespace {

TEST_F(CausesTest, WhatWasBeingHandledIsLoggedOnce) {
    auto failed = response(task(0x900), 10ms, 20ms);
    failed.exception = "KeyError";
    EXPECT_EQ(cause(failed), "KeyError");
    log({"KeyError", task(0x900), 21ms, "uvicorn.error", {}, 1});
    EXPECT_EQ(cause(response(kLoop, 15ms, 30ms, 503)), "");
    EXPECT_EQ(cause(response(task(0x900), 15ms, 30ms, 503)), "");

    log({"KeyError", thread(5), 45ms, "gunicorn.error", {"/a", ""}});
    failed = response(thread(5), 40ms, 50ms);
    failed.exception = "KeyError";
    EXPECT_EQ(cause(failed), "KeyError") << "logged before it answered";
    EXPECT_EQ(cause(response(thread(5), 42ms, 60ms, 503)), "");
    log({"KeyError", thread(5), 65ms, "gunicorn.error", {"/a", ""}});
    EXPECT_EQ(cause(response(thread(5), 61ms, 70ms)), "KeyError") << "no echo of the one before";
}

// A framework has answered, and its server says nothing. Another task fails after its head with the same class, and has
// its context where the first one's was.
TEST_F(CausesTest, EqualExceptionsCloseTogetherAreAsManyAsHappened) {
    auto failed = response(task(0x900), 10ms, 20ms);
    failed.exception = "KeyError";
    EXPECT_EQ(cause(failed, "/early"), "KeyError");
    log({"KeyError", task(0x900), 25ms, "gunicorn.error", {"/late", "GET"}, 2, true});
    EXPECT_EQ(cause(response(kLoop, 22ms, 30ms, 200), "/late"), "KeyError");

    failed = response(task(0x900), 40ms, 50ms);
    failed.exception = "KeyError";
    EXPECT_EQ(cause(failed, "/early"), "KeyError");
    log({"KeyError", task(0x900), 51ms, "uvicorn.error", {"/early", "GET"}, 2, true});
    EXPECT_EQ(cause(response(kLoop, 45ms, 60ms, 503), "/early"), "")
        << "an echo explains nothing that was begun before";
}

TEST_F(CausesTest, AThreadsNextRequestFailsByItself) {
    for (const auto begin : {10ms, 20ms, 30ms}) {
        auto failed = response(thread(5), begin, begin + 5ms);
        failed.exception = "KeyError";
        EXPECT_EQ(cause(failed), "KeyError");
    }
    log({"KeyError", thread(5), 42ms, "gunicorn.error", {"/a", ""}});
    EXPECT_EQ(cause(response(thread(5), 40ms, 45ms, 200)), "KeyError");
    log({"KeyError", thread(5), 52ms});
    EXPECT_EQ(cause(response(thread(5), 50ms, 55ms)), "KeyError");
}

TEST_F(CausesTest, AnEchoIsExpectedForAMomentOnly) {
    auto failed = response(thread(5), 10ms, 20ms);
    failed.exception = "KeyError";
    EXPECT_EQ(cause(failed), "KeyError");
    log({"KeyError", thread(5), 200ms});
    EXPECT_EQ(cause(response(thread(5), 190ms, 210ms)), "KeyError");
}

TEST_F(CausesTest, WhatPassedAFrameworkGoesBeforeWhatWasLogged) {
    log({"KeyError", thread(5), 12ms});
    auto failed = response(thread(5), 10ms, 20ms);
    failed.raised = event::Responded::Raised::exception;
    failed.exception = "ValueError";
    EXPECT_EQ(cause(failed), "ValueError") << "it logged one that it got over, and failed by another";
    EXPECT_EQ(cause(response(thread(5), 11ms, 30ms)), "") << "used up";
}

TEST_F(CausesTest, WhatPassedAFrameworkAndIsLoggedInTheEventLoopIsOne) {
    log({"ValueError", task(7), 15ms, "django.request", {"Internal Server Error", "/a"}, 1});
    auto failed = response(kLoop, 10ms, 20ms);
    failed.raised = event::Responded::Raised::exception;
    failed.exception = "ValueError";
    EXPECT_EQ(cause(failed, "/a"), "ValueError");
    EXPECT_EQ(cause(response(kLoop, 12ms, 30ms, 503), "/a"), "") << "the record is the other response's";
}

TEST_F(CausesTest, WhatPassedAFrameworkIsLoggedAfterwards) {
    auto failed = response(thread(5), 10ms, 20ms);
    failed.raised = event::Responded::Raised::exception;
    failed.exception = "KeyError";
    EXPECT_EQ(cause(failed), "KeyError");
    log({"KeyError", thread(5), 21ms});
    EXPECT_EQ(cause(response(thread(5), 20ms, 30ms, 503)), "");
}

} // namespace
} // namespace model
