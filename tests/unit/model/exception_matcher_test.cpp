// SPDX-License-Identifier: BSD-2-Clause
// What ties a logged exception to a response, and what does not.
#include <gtest/gtest.h>

#include "exception_matcher_fixture.h"

using namespace std::chrono_literals;

namespace model {
namespace {

TEST_F(CausesTest, WhatTheThreadLoggedSinceItsRequestBegan) {
    log({"Early", thread(5), 9ms});
    log({"KeyError", thread(5), 15ms});
    log({"OSError", thread(6), 15ms});
    EXPECT_EQ(cause(response(thread(5), 10ms, 20ms)), "KeyError");
    EXPECT_EQ(cause(response(thread(5), 20ms, 30ms)), "") << "used up";
    EXPECT_EQ(cause(response(thread(6), 10ms, 30ms)), "OSError");
}

TEST_F(CausesTest, GreenletsOfOneThreadAreToldApart) {
    log({"KeyError", greenlet(0x50), 15ms});
    EXPECT_EQ(cause(response(greenlet(0x60), 10ms, 20ms)), "");
    EXPECT_EQ(cause(response(greenlet(0x50), 10ms, 40ms)), "KeyError");
}

TEST_F(CausesTest, APathIsNoEvidenceAgainstTheThread) {
    log({"KeyError", thread(5), 15ms, "app", {"/a", "GET"}});
    EXPECT_EQ(cause(response(thread(6), 10ms, 20ms)), "");
}

TEST_F(CausesTest, OfSeveralTheFrameworksThenTheLast) {
    log({"KeyError", thread(5), 12ms});
    log({"OrderError", thread(5), 13ms, "django.request", {"Internal Server Error", "/a"}});
    log({"SinkError", thread(5), 14ms});
    EXPECT_EQ(cause(response(thread(5), 10ms, 20ms)), "OrderError");
    log({"KeyError", thread(5), 32ms});
    log({"TypeError", thread(5), 33ms});
    EXPECT_EQ(cause(response(thread(5), 30ms, 40ms)), "TypeError");
    EXPECT_EQ(cause(response(thread(5), 30ms, 45ms)), "") << "all of them were this request's";
}

TEST_F(CausesTest, TasksOfALoopAreToldApart) {
    log({"KeyError", task(0x900), 15ms});
    EXPECT_EQ(cause(response(task(0x800), 10ms, 20ms, 503)), "");
    EXPECT_EQ(cause(response(task(0x900), 10ms, 20ms)), "KeyError");
}

TEST_F(CausesTest, WithoutATaskOnlyTheOnlyRequestIsTied) {
    log({"KeyError", kLoop, 15ms});
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms)), "") << "two in flight";
    log({"KeyError", kLoop, 35ms, "shop", {}, 1});
    EXPECT_EQ(cause(response(kLoop, 30ms, 40ms)), "KeyError") << "as in a sync worker";
}

TEST_F(CausesTest, AScopeTiesWhatALoopAnswersInTheSameTurn) {
    const auto fails = [&](std::string exception, std::chrono::milliseconds at, std::string path) {
        log({std::move(exception), task(0x900), at, "uvicorn.error", {std::move(path), "GET"}, 4, true});
    };
    fails("KeyError", 15ms, "/a%20b");
    fails("OSError", 15ms, "/c");
    auto answer = response(kLoop, 10ms, 20ms);
    answer.polled = 14ms;
    EXPECT_EQ(cause(answer, "/a"), "");
    EXPECT_EQ(matcher_.of(answer, "POST", "/c"), "");
    EXPECT_EQ(cause(answer, "/c?x=1"), "OSError");
    EXPECT_EQ(cause(answer, "/c"), "") << "used up";
    EXPECT_EQ(cause(answer, "/a%20b"), "KeyError");

    fails("KeyError", 32ms, "/d");
    auto later = response(kLoop, 30ms, 40ms, 503);
    later.polled = 35ms;
    EXPECT_EQ(cause(later, "/d"), "") << "of another request, or of what goes on after an answer";
    later.polled = 31ms;
    fails("OSError", 33ms, "/d");
    EXPECT_EQ(cause(later, "/d"), "") << "two that do not agree";
}

TEST_F(CausesTest, TheOnlyRequestsScopeMayHaveAPathInFront) {
    log({"KeyError", task(0x900), 15ms, "uvicorn.error", {"/api/a", "GET"}, 1, true});
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms), "/b"), "");
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms), "/a"), "KeyError");
}

TEST_F(CausesTest, APathTiesWhatALoopAnswers) {
    log({"KeyError", thread(9), 15ms, "django.request", {"Internal Server Error", "/b c"}});
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms), "/a"), "");
    EXPECT_EQ(cause(response(kLoop, 16ms, 20ms), "/b%20c"), "") << "begun later";
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms), "/b%20c"), "KeyError");
}

TEST_F(CausesTest, WhatNamesTheSamePathHasToAgree) {
    for (const auto* exception : {"KeyError", "OSError"})
        log({exception, thread(9), 15ms, "django.request", {"Internal Server Error", "/a"}});
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms)), "");
    matcher_ = {};
    log({"KeyError", thread(9), 15ms, "gunicorn.error", {"/a", "POST"}});
    log({"OSError", thread(9), 15ms, "gunicorn.error", {"/a?x", "GET"}});
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms)), "OSError");
}

TEST_F(CausesTest, APathThatTheApplicationNamesIsNoEvidenceForALoop) {
    log({"KeyError", task(0x900), 15ms, "app", {"/a", "GET"}});
    EXPECT_EQ(cause(response(task(0x800), 10ms, 20ms, 503)), "") << "another request for /a may have logged it";
    EXPECT_EQ(cause(response(task(0x900), 10ms, 20ms)), "KeyError");
}

TEST_F(CausesTest, AServersWordCountsForTheOnlyRequest) {
    log({"KeyError", task(0x900), 15ms, "uvicorn.error", {}, 2});
    EXPECT_EQ(cause(response(kLoop, 10ms, 20ms)), "");
    log({"KeyError", task(0x900), 35ms, "uvicorn.error", {}, 1});
    EXPECT_EQ(cause(response(kLoop, 30ms, 40ms)), "KeyError");
    log({"KeyError", task(0x900), 55ms, "shop", {}, 1});
    EXPECT_EQ(cause(response(kLoop, 50ms, 60ms)), "") << "the application may have logged it in a task of its own";
    log({"KeyError", thread(9), 75ms, "django.request", {"Internal Server Error", "/b"}, 1});
    EXPECT_EQ(cause(response(kLoop, 70ms, 80ms)), "") << "it names another path";
}

TEST_F(CausesTest, AServersWordCountsInTheTurnThatAnswers) {
    auto later = response(kLoop, 10ms, 20ms, 503);
    later.polled = 16ms;
    log({"LookupError", task(0x900), 15ms, "uvicorn.error", {}, 1});
    EXPECT_EQ(cause(later), "") << "of a task that has answered, and goes on";
    later.polled = 15ms;
    EXPECT_EQ(cause(later), "LookupError");
}

TEST_F(CausesTest, NobodysExceptionsAreNot) {
    log({"KeyError", task(0x900), 15ms, "asyncio"});
    EXPECT_EQ(cause(response(task(0x900), 10ms, 20ms, 503)), "");
}

TEST_F(CausesTest, AClientErrorHasOneOnlyIfTheParserRefused) {
    auto refused = response(thread(5), 10ms, 20ms, 400);
    refused.exception = "InvalidHeader";
    EXPECT_EQ(cause(refused), "") << "the application's, of that name";
    refused.refused = true;
    EXPECT_EQ(cause(refused), "InvalidHeader");
}

TEST_F(CausesTest, ASuccessThatWasCutOffIsOnlyTheServersToTell) {
    log({"KeyError", thread(5), 15ms});
    EXPECT_EQ(cause(response(thread(5), 10ms, 12ms, 200)), "");
    log({"ValueError", thread(5), 16ms, "gunicorn.error", {"/a", ""}});
    EXPECT_EQ(cause(response(thread(5), 10ms, 12ms, 200)), "ValueError");
}

// By whichever logger it says so.
TEST_F(CausesTest, WhatTheApplicationCaughtItGotOver) {
    Line handled{"KeyError", thread(5), 15ms, "gunicorn.error", {"/a", ""}, 1};
    handled.to_server = false;
    log(handled);
    EXPECT_EQ(cause(response(thread(5), 10ms, 20ms, 200)), "");
    EXPECT_EQ(matcher_.of(aborted(thread(5), 10ms, 20ms), "GET", "/a"), Cause());
    EXPECT_EQ(matcher_.of(aborted({.thread = 5}, 10ms, 20ms), "GET", "/a"), Cause());
    EXPECT_EQ(cause(response(thread(5), 10ms, 20ms, 500)), "KeyError") << "its status tells that it failed";
    handled.by = kLoop;
    for (const auto* logger : {"django.request", "uvicorn.error"}) {
        handled.logger = logger;
        log(handled);
        EXPECT_EQ(cause(response(kLoop, 10ms, 20ms, 200)), "");
        EXPECT_EQ(cause(response(task(0x900), 10ms, 20ms, 200)), "");
    }
}

TEST_F(CausesTest, ASuccessThatEndedInAnExceptionNeedsNoLog) {
    auto cut = response(thread(5), 10ms, 20ms, 200);
    cut.exception = "ValueError";
    EXPECT_EQ(cause(cut), "ValueError");
    log({"ValueError", thread(5), 35ms});
    EXPECT_EQ(cause(response(thread(5), 30ms, 40ms)), "ValueError")
        << "no echo is expected: it is logged before the end";
    log({"RuntimeError", thread(5), 55ms, "gunicorn.error", {"/a", ""}});
    auto logged = response(thread(5), 50ms, 60ms, 200);
    logged.exception = "ValueError";
    EXPECT_EQ(cause(logged), "ValueError") << "what is handled is the better evidence";
    EXPECT_EQ(cause(response(thread(5), 50ms, 65ms)), "") << "used up";
}

TEST_F(CausesTest, AnHttpExceptionOnALoopIsTheApplicationsAnswer) {
    auto answer = response(task(0x900), 10ms, 20ms, 503);
    answer.exception = "HTTPException";
    EXPECT_EQ(cause(answer), "");
    answer.raised = event::Responded::Raised::nothing;
    EXPECT_EQ(cause(answer), "HTTPException") << "watched: what passes a framework is seen on every loop";
    auto of_thread = response(thread(5), 30ms, 40ms, 503);
    of_thread.exception = "HTTPException";
    EXPECT_EQ(cause(of_thread), "HTTPException");
}

TEST_F(CausesTest, ClientErrorsAreNotExplained) {
    log({"KeyError", thread(5), 15ms, "gunicorn.error"});
    EXPECT_EQ(cause(response(thread(5), 10ms, 20ms, 404)), "");
}

TEST_F(CausesTest, WhereNobodyLookedNothingIsTied) {
    log({"KeyError", {}, 15ms, "gunicorn.error", {"/a", ""}, 1});
    EXPECT_EQ(cause(response({}, 10ms, 20ms)), "");
    log({"KeyError", {.thread = 5}, 15ms, "gunicorn.error", {"/a", ""}, 1});
    EXPECT_EQ(cause(response({.thread = 5}, 10ms, 20ms)), "");
}

TEST_F(CausesTest, OldOnesMakeRoom) {
    for (int i = 0; i < 1000; i++) log({"E" + std::to_string(i), thread(5), 15ms});
    EXPECT_EQ(cause(response(thread(5), 10ms, 20ms)), "E999");
}

TEST_F(CausesTest, PathsMatchByTheirBytes) {
    auto answer = response(kLoop, 10ms, 20ms);
    log({"KeyError", task(0x900), 15ms, "django.request", {"Internal Server Error", "/gr\xc3\xbc\xc3\x9f"}, 4});
    EXPECT_EQ(cause(answer, "/gr%C3%BC%C3%9"), "");
    EXPECT_EQ(cause(answer, "/gr%C3%BC%C3%9F"), "KeyError");
}

TEST_F(CausesTest, PathsMatchAsFarAsTheyAreKept) {
    const std::string begin = "/" + std::string(500, 'x');
    auto answer = response(kLoop, 10ms, 20ms);
    log({"KeyError", task(0x900), 15ms, "django.request", {"Internal Server Error", begin + "yz"}, 4});
    EXPECT_EQ(cause(answer, begin), "") << "that is another path";
    answer.request_line_cut = true;
    EXPECT_EQ(cause(answer, begin + "z"), "");
    EXPECT_EQ(cause(answer, begin + "y%7"), "KeyError") << "an escape was cut";
    EXPECT_EQ(cause(answer, begin), "") << "used up";
}

TEST_F(CausesTest, WhatIsMountedMayNameTheRestOfTheOnlyRequestsPath) {
    auto answer = response(kLoop, 10ms, 20ms);
    log({"KeyError", thread(7), 15ms, "django.request", {"Internal Server Error", "/pay"}, 2});
    EXPECT_EQ(cause(answer, "/shop/pay"), "") << "two in flight";
    log({"OSError", thread(7), 16ms, "django.request", {"Internal Server Error", "/pay"}, 1});
    EXPECT_EQ(cause(answer, "/shop/pay"), "OSError");
}

TEST_F(CausesTest, OfNoResponseWhatTheServerLogs) {
    log({"shop.DatabaseGone", thread(5), 15ms});
    log({"OSError", thread(5), 16ms, "gunicorn.error"});
    log({"KeyError", thread(6), 16ms});
    EXPECT_EQ(matcher_.of(aborted(thread(5), 10ms, 20ms), "GET", "/a"), Cause("OSError"));
    EXPECT_EQ(matcher_.of(aborted(thread(5), 10ms, 20ms), "GET", "/a"), Cause()) << "counts once";
    EXPECT_EQ(matcher_.of(aborted(thread(6), 10ms, 20ms), "GET", "/a"), Cause())
        << "the application may have forgiven it";
}

TEST_F(CausesTest, OfNoResponseTheClientsSocketIsNone) {
    log({"TimeoutError", thread(5), 15ms, "gunicorn.error", {}, 2, false, event::RaisedIn::server});
    auto request = aborted(thread(5), 10ms, 20ms);
    request.by_exception = true;
    EXPECT_EQ(matcher_.of(request, "GET", "/a"), Cause());
    log({"TimeoutError", thread(5), 25ms, "gunicorn.error", {}, 2, false, event::RaisedIn::not_known});
    EXPECT_EQ(matcher_.of(aborted(thread(5), 20ms, 30ms), "GET", "/a"), Cause()) << "never a guess";
    log({"shop.Gone", thread(5), 35ms, "gunicorn.error", {}, 2, false, event::RaisedIn::not_known});
    EXPECT_EQ(matcher_.of(aborted(thread(5), 30ms, 40ms), "GET", "/a"), Cause("shop.Gone")) << "no socket's";
}

TEST_F(CausesTest, OfNoResponseWhatIsHandledAtItsEnd) {
    auto request = aborted(thread(5), 10ms, 20ms);
    request.request.exception = "SystemExit";
    EXPECT_EQ(matcher_.of(request, "GET", "/a"), Cause("SystemExit"));
    log({"SystemExit", thread(5), 21ms, "gunicorn.error"});
    EXPECT_EQ(matcher_.of(aborted(thread(5), 15ms, 30ms), "GET", "/a"), Cause()) << "its echo";
}

TEST_F(CausesTest, OfNoResponseByTheThreadThatReadTheRequest) {
    const event::Execution reader{.thread = 5}; // another one closes
    log({"shop.Retried", thread(5), 12ms});
    log({"OSError", thread(5), 15ms, "gunicorn.error"});
    log({"ConnectionError", thread(5), 25ms, "gunicorn.error"}); // of its next request
    log({"KeyError", thread(6), 14ms, "gunicorn.error"});
    EXPECT_EQ(matcher_.of(aborted(reader, 10ms, 30ms), "GET", "/a"), Cause("OSError"));
    EXPECT_EQ(matcher_.of(aborted(reader, 20ms, 31ms), "GET", "/b"), Cause("ConnectionError"));
    EXPECT_EQ(matcher_.of(aborted(reader, 20ms, 32ms), "GET", "/b"), Cause());
}

TEST_F(CausesTest, OfNoResponseByALoopsTask) {
    log({"ValueError", task(0x900), 15ms, "tornado.application"});
    EXPECT_EQ(matcher_.of(aborted(task(0x800), 10ms, 20ms), "GET", "/a"), Cause());
    EXPECT_EQ(matcher_.of(aborted(task(0x900), 10ms, 20ms), "GET", "/a"), Cause("ValueError"));
}

TEST_F(CausesTest, OfNoResponseAnExceptionThatNothingTellsOfIsUnknown) {
    auto request = aborted(thread(5), 10ms, 20ms);
    EXPECT_EQ(matcher_.of(request, "GET", "/a"), Cause());
    request.by_exception = true;
    EXPECT_EQ(matcher_.of(request, "GET", "/a"), Cause(""));
    request.by = event::Aborted::By::client;
    EXPECT_EQ(matcher_.of(request, "GET", "/a"), Cause());
    request.by = event::Aborted::By::server;
    request.request.exception = "StopIteration";
    request.request.raised = event::Responded::Raised::exception;
    EXPECT_EQ(matcher_.of(request, "GET", "/a"), Cause("StopIteration")) << "a probe has seen it";
}

} // namespace
} // namespace model
