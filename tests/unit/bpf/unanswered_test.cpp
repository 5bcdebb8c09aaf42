// SPDX-License-Identifier: BSD-2-Clause
// Requests that end without a response: whether an exception did it, and whose it was.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <ranges>
#include <string>
#include <vector>

#include "interpreter_fixture.h"

namespace bpf_test {
namespace {

const std::string kPackages = "/usr/lib/python3/dist-packages/";
const std::string kApplication = "/srv/shop/views.py";
const std::string kSync = kPackages + "gunicorn/workers/sync.py";

struct Exception {
    const void* type = nullptr;
    const Traceback* traceback = nullptr;
};
struct Handled {
    const Exception* exception = nullptr;
    const Handled* previous = nullptr;
};
struct Call {
    std::string file;
    std::string name;
};

class UnansweredTest : public InterpreterTest {
protected:
    UnansweredTest() {
        layout_.exc_info_value = offsetof(Handled, exception);
        layout_.exc_info_previous_item = offsetof(Handled, previous);
        layout_.exception_traceback = offsetof(Exception, traceback);
        layout_.object_frame = contract::OFFSET_ABSENT;
        kernel_set_python(&layout_);
        thread_.handled = &blocks_.emplace_back();
        run(close_of_sync_);
    }

    // The thread's calls, the outermost first.
    void run(const std::vector<Call>& calls) {
        thread_.frame = nullptr;
        for (const auto& call : calls) thread_.frame = frame(call, thread_.frame);
    }
    // It enters an except block for an exception that came up through these files, the outermost first.
    void handle(const char* type, const std::vector<std::string>& files) {
        const auto& kind = types_.emplace_back(Type{&class_, kException, type});
        const Traceback* traceback = nullptr;
        for (const auto& file : files | std::views::reverse)
            traceback = &tracebacks_.emplace_back(Traceback{&class_, traceback, frame({file, "f"}, nullptr)});
        const auto& exception = exceptions_.emplace_back(Exception{&kind, traceback});
        thread_.handled = &blocks_.emplace_back(Handled{&exception, static_cast<const Handled*>(thread_.handled)});
    }
    int ask() {
        const int fd = worker_.accept();
        worker_.receive(fd, "GET /r HTTP/1.1\r\n\r\n");
        return fd;
    }
    // What is recorded of a request that the worker closes without a response; by.thread is 0 where nothing tells of an
    // exception.
    Response closed(int fd) {
        const auto before = worker_.aborted().size();
        worker_.close(fd);
        EXPECT_LE(worker_.aborted().size(), before + 1);
        return worker_.aborted().size() == before ? Response{} : worker_.aborted().back();
    }
    std::string exception() { return closed(ask()).exception; }
    static bool has(const Response& response, int bit) { return (response.by.raised & bit) != 0; }

    const std::vector<Call> close_of_sync_{{"/usr/bin/gunicorn", "<module>"},
                                           {kSync, "handle"},
                                           {kPackages + "gunicorn/util.py", "close"},
                                           {"/usr/lib/python3.11/socket.py", "close"}};

private:
    const Frame* frame(const Call& call, const Frame* previous) {
        const auto& function = codes_.emplace_back(code(call.file, call.name));
        return &frames_.emplace_back(
            Frame{.previous = previous, .code = reference(&function), .owner = 0, .locals = {}});
    }

    std::deque<Handled> blocks_;
    std::deque<Exception> exceptions_;
    std::deque<Traceback> tracebacks_;
    std::deque<Type> types_;
    std::deque<Code> codes_;
    std::deque<Frame> frames_;
};

TEST_F(UnansweredTest, TheApplicationsExceptionIsNamed) {
    handle("SystemExit", {kSync, kSync, kApplication});
    const auto aborted = closed(ask());
    EXPECT_EQ(aborted.exception, "SystemExit");
    EXPECT_EQ(aborted.line, "GET /r HTTP/1.1");
    EXPECT_EQ(aborted.ended_by, contract::BY_SERVER);
    EXPECT_TRUE(has(aborted, contract::RAISED_IN_APPLICATION));
    EXPECT_EQ(worker_.totals().aborted[contract::BY_SERVER], 1U);
    EXPECT_TRUE(worker_.responses().empty()) << "and is in no count of responses";
}

TEST_F(UnansweredTest, WhatTheServerRaisedIsNone) {
    handle("SystemExit", {kSync, kApplication, kPackages + "gunicorn/workers/base.py"}); // a signal's handler
    EXPECT_EQ(closed(ask()).by.thread, 0U);
}

TEST_F(UnansweredTest, TheFrameThatRaisesDecides) {
    const auto write = kPackages + "gunicorn/http/wsgi.py";
    const std::vector<std::pair<std::vector<std::string>, std::string>> tracebacks{
        {{kSync, write, kPackages + "gunicorn/util.py"}, ""},
        {{kSync, kApplication, write, kPackages + "gunicorn/util.py"}, ""}, // the application called write()
        {{kSync, kApplication, kPackages + "gunicorn/http/unreader.py"}, ""},
        {{kSync, kApplication, "/usr/lib/python3.11/socket.py"}, "OSError"}, // a database's
        {{kSync, kApplication, kPackages + "redis/connection.py", "/usr/lib/python3.9/ssl.py"}, "OSError"},
        {{kSync, kApplication, "/usr/lib/python3.13t/socket.py"}, "OSError"},
        {{kPackages + "gunicorn/workers/base_async.py", write, kPackages + "gevent/_socketcommon.py",
          "src/gevent/_hub_primitives.py"},
         ""},
        {{kApplication, kPackages + "gevent/_socketcommon.py", "src/gevent/_hub_primitives.py"}, "OSError"},
        {{kPackages + "tornado/http1connection.py", kPackages + "tornado/iostream.py"}, ""},
        {{kSync, "/srv/gunicorn/app.py"}, "OSError"}, // an application that is kept in a directory of that name
        {{kSync, "socket.py"}, "OSError"},
        {{kSync, "/srv/python3/socket.py"}, "OSError"},
    };
    for (const auto& [files, expected] : tracebacks) {
        handle("OSError", files);
        EXPECT_EQ(exception(), expected) << files.back();
        thread_.handled = static_cast<const Handled*>(thread_.handled)->previous;
    }
}

TEST_F(UnansweredTest, OfALongTracebackTheInnermostDecide) {
    std::vector<std::string> files(200, kSync);
    files.push_back(kApplication);
    files.insert(files.end(), 11, "/usr/lib/python3.11/socket.py");
    handle("OSError", files);
    EXPECT_EQ(exception(), "OSError");
    files.emplace_back("/usr/lib/python3.11/socket.py");
    handle("OSError", files);
    EXPECT_EQ(exception(), "OSError") << "that of the block around it: of a dozen library's frames nothing is known";
    thread_.handled = nullptr;
    files.assign(300, kApplication);
    handle("RecursionError", files);
    EXPECT_EQ(exception(), "RecursionError") << "no socket's error";
    handle("OSError", files);
    EXPECT_EQ(exception(), "RecursionError");
}

TEST_F(UnansweredTest, WhatIsHandledInsideOfTheServersIsPassedOver) {
    handle("Ended", {kSync, kApplication});
    handle("BlockingIOError", {kPackages + "gevent/pywsgi.py"});
    EXPECT_EQ(exception(), "Ended");
}

TEST_F(UnansweredTest, SilentlyClosedAfterAnException) {
    EXPECT_TRUE(has(closed(ask()), contract::RAISED_AND_CLOSED));
    for (const auto& [file, name] : {std::pair{"gunicorn/workers/base_async.py", "handle"},
                                     {"gunicorn/workers/gthread.py", "finish_request"},
                                     {"gunicorn/workers/gthread.py", "accept"},
                                     {"gevent/pywsgi.py", "handle"}}) {
        run({{kPackages + file, name}, {"/usr/lib/python3.11/socket.py", "close"}});
        EXPECT_TRUE(has(closed(ask()), contract::RAISED_AND_CLOSED)) << file;
    }
    for (const auto& [file, name] : {std::pair{"gunicorn/workers/gthread.py", "murder_keepalived"},
                                     {"gunicorn/workers/sync.py", "handle_request"},
                                     {"gunicorn/workers/sync.py", "handler"},
                                     {"shop/sync.py", "handle"}}) {
        run({{kPackages + file, name}, {"/usr/lib/python3.11/socket.py", "close"}});
        EXPECT_EQ(closed(ask()).by.thread, 0U) << file << ' ' << name;
    }
}

TEST_F(UnansweredTest, NotWhereTheApplicationCloses) {
    auto calls = close_of_sync_;
    calls.insert(calls.begin() + 2, {{kSync, "handle_request"}, {kApplication, "hijack"}});
    calls.erase(calls.end() - 2);
    run(calls);
    EXPECT_EQ(closed(ask()).by.thread, 0U);
    handle("KeyError", {kApplication});
    EXPECT_EQ(closed(ask()).by.thread, 0U);
}

TEST_F(UnansweredTest, NotWhereTheClientLeft) {
    for (const int error : {EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNABORTED}) {
        const int fd = ask();
        worker_.send_fails(fd, error);
        handle("TimeoutError", {kSync, kPackages + "gunicorn/util.py"});
        const auto aborted = closed(fd);
        EXPECT_EQ(aborted.exception, "") << error;
    }
    EXPECT_EQ(worker_.totals().aborted[contract::BY_CLIENT], 6U);
    EXPECT_EQ(worker_.totals().aborted[contract::BY_SERVER], 0U);
}

TEST_F(UnansweredTest, AClientThatClosesBehindAShutdownHasNotLeft) {
    const int fd = ask();
    worker_.shut_down(fd, 1);
    worker_.end_of_stream(fd);
    EXPECT_TRUE(has(closed(fd), contract::RAISED_AND_CLOSED));
    EXPECT_EQ(worker_.totals().aborted[contract::BY_SERVER], 1U);
}

TEST_F(UnansweredTest, NothingIsSaidOfWhatWasAnswered) {
    const int fd = ask();
    worker_.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    handle("KeyError", {kSync, kApplication});
    EXPECT_EQ(closed(fd).by.thread, 0U);
    EXPECT_EQ(closed(worker_.accept()).by.thread, 0U) << "nor of a connection without a request";
}

TEST_F(UnansweredTest, IsRecordedOnceAndOnlyIfSomethingTellsOfAnException) {
    kernel_record_failures_only();
    const int fd = ask();
    worker_.shut_down(fd, 1);
    EXPECT_TRUE(worker_.aborted().empty());
    EXPECT_TRUE(has(closed(fd), contract::RAISED_AND_CLOSED));
    EXPECT_EQ(worker_.aborted().size(), 1U);
    handle("Ended", {kSync, kApplication});
    EXPECT_EQ(exception(), "Ended");
    EXPECT_EQ(worker_.aborted().size(), 2U);
    const int left = ask();
    worker_.send_fails(left, EPIPE);
    run({{kApplication, "hijack"}});
    EXPECT_EQ(closed(left).line, "");
    EXPECT_EQ(worker_.totals().aborted[contract::BY_SERVER], 2U);
    EXPECT_EQ(worker_.totals().aborted[contract::BY_CLIENT], 1U);
}

TEST_F(UnansweredTest, AnotherThreadEndsAResponse) {
    const int fd = ask();
    worker_.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    run({{"/usr/bin/gunicorn", "<module>"}, {kPackages + "gunicorn/workers/gthread.py", "finish_request"}});
    kernel_set_task(WORKER_TGID + 1);
    worker_.close(fd);
    EXPECT_EQ(worker_.responses().back().by.thread, 0U) << "nothing was logged";
}

TEST_F(UnansweredTest, AnotherThreadCloses) {
    const int fd = ask();
    run({{"/usr/bin/gunicorn", "<module>"}, {kPackages + "gunicorn/workers/gthread.py", "finish_request"}});
    kernel_set_task(WORKER_TGID + 1);
    const auto aborted = closed(fd);
    EXPECT_EQ(aborted.by.thread, static_cast<contract::u32>(WORKER_TGID)) << "the one that read the request";
    EXPECT_EQ(aborted.by.outermost_frame, 0U);
    EXPECT_EQ(aborted.by.is_main_module, 0U);
}

TEST_F(UnansweredTest, AServersErrorIsNotTheResponses) {
    const int fd = worker_.accept();
    run({{kPackages + "gevent/pywsgi.py", "handle"}});
    handle("BlockingIOError", {kPackages + "gevent/pywsgi.py"});
    for (const auto* response : {"HTTP/1.1 200 OK\r\n\r\nuntil close", "HTTP/1.1 503 Unavailable\r\n\r\nuntil close"}) {
        const int streaming = worker_.accept();
        worker_.receive(streaming, "GET /r HTTP/1.0\r\n\r\n");
        worker_.send(streaming, response);
        worker_.close(streaming);
        EXPECT_EQ(worker_.responses().back().exception, "") << response;
    }
    EXPECT_EQ(worker_.responses().front().by.thread, 0U) << "a healthy stream needs no record";
    handle("AssertionError", {kSync, kApplication, kPackages + "gunicorn/http/wsgi.py"});
    worker_.receive(fd, "GET /r HTTP/1.1\r\n\r\n");
    worker_.send(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker_.responses().back().exception, "AssertionError") << "it answers what its own code refused";
}

// gthread's main thread is given the number by accept(), and finds the connection that the other is still ending.
TEST_F(UnansweredTest, OneThreadExplains) {
    handle("ConnectionError", {kSync, kApplication});
    const int fd = ask();
    worker_.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    kernel_interrupt_end(
        [](void* worker) {
            kernel_set_task(WORKER_TGID + 1);
            kernel_set_thread(1);
            static_cast<Worker*>(worker)->pass(std::chrono::milliseconds(1));
            static_cast<Worker*>(worker)->accept();
            kernel_set_thread(kSelf);
            kernel_set_task(WORKER_TGID);
        },
        &worker_);
    worker_.close(fd);
    ASSERT_EQ(worker_.responses().size(), 1U);
    EXPECT_EQ(worker_.responses()[0].exception, "ConnectionError");
    EXPECT_EQ(worker_.responses()[0].by.thread, std::uint32_t{WORKER_TGID}) << "without it nothing is recorded";
    EXPECT_EQ(kernel_open_connections(), 1U) << "the next one";
    EXPECT_EQ(kernel_closing_conns(), 0U);
}

// The kernel lets another thread run on the same processor, which uses the same scratch: whoever ends a connection
// begins again.
TEST_F(UnansweredTest, AThreadThatRunsInTheMiddleDoesNotSpoilTheEnd) {
    handle("ConnectionError", {kSync, kApplication});
    static int other; // a connection of the other thread
    const auto meanwhile = [](void* worker) {
        kernel_set_task(WORKER_TGID + 1);
        kernel_set_thread(1);
        static_cast<Worker*>(worker)->receive(other, "GET /other HTTP/1.1\r\n\r\n");
        static_cast<Worker*>(worker)->send(other, "HTTP/1.1 204 No Content\r\n\r\n");
        kernel_set_thread(kSelf);
    };
    for (int run = 1; run <= 2; run++) { // explain_…, end_by_call
        for (const std::string answer : {"", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"}) {
            other = worker_.accept();
            const int fd = ask();
            if (!answer.empty()) worker_.send(fd, answer);
            const auto responses = worker_.responses().size();
            const auto aborted = worker_.aborted().size();
            const auto ended = worker_.totals().connections[contract::CONNECTION_HTTP] +
                               worker_.totals().connections[contract::CONNECTION_ABORTED];
            kernel_preempt(run, meanwhile, &worker_);
            worker_.close(fd);
            const auto& found = answer.empty() ? worker_.aborted() : worker_.responses();
            ASSERT_EQ(worker_.responses().size() + worker_.aborted().size(), responses + aborted + 2) << run << answer;
            EXPECT_EQ(found.back().exception, "ConnectionError") << run << answer;
            EXPECT_EQ(worker_.totals().connections[contract::CONNECTION_HTTP] +
                          worker_.totals().connections[contract::CONNECTION_ABORTED],
                      ended + 1);
            EXPECT_EQ(kernel_closing_conns(), 0U) << run << answer;
            worker_.close(other);
            EXPECT_EQ(kernel_open_connections(), 0U) << run << answer;
        }
    }
    EXPECT_EQ(worker_.drops(contract::DROP_PREEMPTED), 4U);
}

TEST_F(UnansweredTest, GeventsPrintedTracebackIsRecorded) {
    const std::string first_line = "Traceback (most recent call last):\n";
    const std::vector<Call> printing{{kPackages + "gevent/pywsgi.py", "_log_error"},
                                     {kPackages + "gevent/hub.py", "print_exception"},
                                     {"/usr/lib/python3.11/traceback.py", "print_exception"}};
    handle("shop.Late", {kPackages + "gevent/pywsgi.py", kApplication});
    run(printing);
    const auto before = worker_.logged().size();
    worker_.write(2, "  File \"x\"\n");
    EXPECT_EQ(worker_.logged().size(), before) << "one record for each traceback";
    worker_.write(2, first_line);
    ASSERT_EQ(worker_.logged().size(), before + 1);
    const auto& record = worker_.logged().back();
    EXPECT_STREQ(reinterpret_cast<const char*>(record.exception), "shop.Late");
    EXPECT_STREQ(reinterpret_cast<const char*>(record.logger), "gevent.pywsgi");
    EXPECT_TRUE(record.by.raised & contract::RAISED_IN_APPLICATION);
    run({{kApplication, "view"}, {"/usr/lib/python3.11/traceback.py", "print_exc"}});
    worker_.write(2, first_line);
    EXPECT_EQ(worker_.logged().size(), before + 1) << "an application may print what it has forgiven";
}

} // namespace
} // namespace bpf_test
