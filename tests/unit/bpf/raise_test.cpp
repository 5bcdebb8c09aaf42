// SPDX-License-Identifier: BSD-2-Clause
// Exceptions that pass a framework, and whose response they are behind.
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "interpreter_fixture.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nlater";
constexpr auto kRequest = "GET /r HTTP/1.1\r\n\r\n";
constexpr int kRaised = contract::RAISED_PROBE_ACTIVE | contract::RAISED_EXCEPTION;
constexpr int kUntold = contract::RAISED_PROBE_ACTIVE | contract::RAISED_AMBIGUOUS;
constexpr int kNothing = contract::RAISED_PROBE_ACTIVE;

class RaiseTest : public InterpreterTest {
protected:
    RaiseTest() {
        layout_.thread_raised = offsetof(Thread, raised);
        layout_.thread_raised_type = contract::OFFSET_ABSENT;
        layout_.raises_since_ns = 1;
        layout_.object_frame = contract::OFFSET_ABSENT;
        kernel_set_python(&layout_);
        worker_.pass(1ms);
        thread_.frame = &pool_;
    }

    // The current exception passes a function.
    void pass(const Code& function) {
        worker_.pass(1us);
        const Frame frame = frame_of(function, thread_.frame);
        kernel_raise(&frame);
    }
    void raise(const char* type, const Code& function) {
        auto& kind = types_.emplace_back(Type{&class_, kException, type});
        thread_.raised = &objects_.emplace_back(Object{&kind});
        pass(function);
    }
    int ask() {
        const int fd = worker_.accept();
        worker_.receive(fd, kRequest);
        return fd;
    }
    Response answer(int fd) {
        worker_.pass(1us);
        worker_.send(fd, kUnavailable);
        worker_.pass(1us);
        return worker_.responses().back();
    }
    static int raised(const Response& response) { return response.by.raised; }

    static Frame frame_of(const Code& function, const Frame* previous = nullptr) {
        return {.previous = previous, .code = reference(&function), .owner = 0, .locals = {}};
    }

    std::deque<Type> types_;
    std::deque<Object> objects_;
    Object task_, other_task_;
    int others_ = 0; // threads
    Code flask_ = code("/usr/lib/python3/dist-packages/flask/app.py", "full_dispatch_request");
    Code errors_ = code("/usr/lib/python3/dist-packages/starlette/middleware/errors.py", "__call__");
    Frame pool_ = frame_of(bootstrap_);
    Frame loop_ = frame_of(main_);
};

TEST_F(RaiseTest, IsBehindTheResponseOfItsThread) {
    const int fd = ask();
    raise("ValueError", flask_);
    const auto response = answer(fd);
    EXPECT_EQ(raised(response), kRaised);
    EXPECT_EQ(response.exception, "ValueError");
    EXPECT_EQ(raised(answer(ask())), kNothing) << "used up";
}

TEST_F(RaiseTest, TheLastOneCounts) {
    const int fd = ask();
    raise("KeyError", flask_);
    raise("shop.Failed", flask_);
    EXPECT_EQ(answer(fd).exception, "shop.Failed");
}

// gthread's main thread may be given the descriptor by accept() before the close by a thread of the pool is seen.
TEST_F(RaiseTest, IsBehindARequestThatAnotherThreadFindsClosed) {
    const std::string gthread = "/usr/lib/python3/dist-packages/gunicorn/workers/gthread.py";
    const auto handle_request = code(gthread, "handle_request");
    const auto accept = code(gthread, "accept");
    const Frame accepting = frame_of(accept, &loop_);
    const int fd = ask();
    raise("ConnectionResetError", handle_request);
    thread_.frame = &accepting;
    kernel_set_task(WORKER_TGID + 1);
    worker_.pass(1us);
    worker_.close(fd);
    ASSERT_EQ(worker_.aborted().size(), 1U);
    EXPECT_EQ(worker_.aborted().back().exception, "ConnectionResetError");
    EXPECT_TRUE(raised(worker_.aborted().back()) & contract::RAISED_IN_APPLICATION);
}

TEST_F(RaiseTest, NotOneOfAnEarlierRequest) {
    raise("ValueError", flask_);
    worker_.pass(1us);
    EXPECT_EQ(raised(answer(ask())), kNothing);
}

TEST_F(RaiseTest, OnlyInAFrameworksFunctions) {
    const int fd = ask();
    raise("KeyError", code("/srv/app.py", "full_dispatch_request"));
    raise("KeyError", code("/usr/lib/python3/dist-packages/flask/app.py", "make_response"));
    raise("KeyError", code("app.py", "app"));
    raise("KeyError", code("/usr/lib/python3/dist-packages/starlette/routing.py", "application"));
    EXPECT_EQ(raised(answer(fd)), kNothing);
}

TEST_F(RaiseTest, OfEachFramework) {
    const std::vector<std::pair<std::string, std::string>> functions{
        {"flask/app.py", "dispatch_request"},
        {"django/core/handlers/base.py", "_get_response"},
        {"django/core/handlers/base.py", "_get_response_async"},
        {"django/core/handlers/exception.py", "inner"},
        {"starlette/routing.py", "handle"},
        {"starlette/routing.py", "app"},
        {"starlette/routing.py", "__call__"},
        {"starlette/_exception_handler.py", "wrapped_app"},
        {"starlette/middleware/exceptions.py", "__call__"},
        {"starlette/middleware/errors.py", "__call__"},
        {"uvicorn/protocols/http/h11_impl.py", "run_asgi"},
        {"uvicorn/protocols/http/httptools_impl.py", "run_asgi"},
        {"gunicorn/workers/sync.py", "handle"},
        {"gunicorn/workers/sync.py", "handle_request"},
        {"gunicorn/workers/gthread.py", "handle_request"},
        {"gunicorn/workers/base_async.py", "handle_request"},
        {"gunicorn/asgi/protocol.py", "_handle_http_request"}};
    for (const auto& [file, name] : functions) {
        const int fd = ask();
        raise("ValueError", code("/usr/lib/python3/dist-packages/" + file, name));
        EXPECT_EQ(answer(fd).exception, "ValueError") << file << ' ' << name;
    }
}

TEST_F(RaiseTest, WhatIsDoneAfterAnAnswerIsNotTheNextOnes) {
    const auto background = code("/usr/lib/python3/dist-packages/starlette/background.py", "__call__");
    const auto routing = code("/usr/lib/python3/dist-packages/starlette/routing.py", "app");
    const auto server = code("/usr/lib/python3/dist-packages/uvicorn/protocols/http/h11_impl.py", "run_asgi");
    thread_.frame = &loop_;
    thread_.context = &task_;
    const int fd = ask();
    raise("LookupError", background);
    for (const auto& function : {routing, errors_, server}) pass(function);
    thread_.context = &other_task_;
    EXPECT_EQ(raised(answer(fd)), kNothing);
    const int later = ask();
    pass(routing);
    EXPECT_EQ(answer(later).exception, "LookupError") << "another one at its address";
}

TEST_F(RaiseTest, WhatIsRaisedInPlaceOfItIsNotEither) {
    const auto handlers = code("/usr/lib/python3/dist-packages/starlette/middleware/exceptions.py", "__call__");
    thread_.frame = &loop_;
    thread_.context = &task_;
    const int fd = ask();
    raise("HTTPException", code("/usr/lib/python3/dist-packages/starlette/background.py", "__call__"));
    raise("RuntimeError", handlers);
    thread_.context = &other_task_;
    EXPECT_EQ(raised(answer(fd)), kNothing);
    thread_.context = &task_;
    worker_.pass(200ms);
    const int later = ask();
    raise("KeyError", handlers);
    EXPECT_EQ(answer(later).exception, "KeyError") << "nobody let it reach the server";
}

TEST_F(RaiseTest, NothingWhereNothingWasEverRaised) {
    thread_.frame = &loop_;
    EXPECT_EQ(raised(answer(ask())), kNothing);
}

TEST_F(RaiseTest, AnotherThreadsIsNoEvidence) {
    const int fd = ask();
    raise("ValueError", flask_);
    const Frame other = frame_of(bootstrap_);
    thread_.frame = &other;
    EXPECT_EQ(raised(answer(fd)), kNothing);
}

// The map of exceptions evicts without a word, but none before half of its places were taken anew.
TEST_F(RaiseTest, WhatMayBeEvictedIsUntold) {
    const auto raise_elsewhere = [this](int times) {
        for (int i = 0; i < times; i++) {
            const Frame other = frame_of(bootstrap_);
            const auto* own = std::exchange(thread_.frame, &other);
            kernel_set_task(static_cast<std::uint32_t>(WORKER_TGID + 1 + others_++));
            raise("ValueError", flask_);
            thread_.frame = own;
            kernel_set_task(WORKER_TGID);
        }
    };
    constexpr int kHalf = KERNEL_RAISE_PLACES / 2;
    raise_elsewhere(1);
    const int first = ask();
    raise_elsewhere(kHalf);
    EXPECT_EQ(raised(answer(first)), kNothing);
    EXPECT_EQ(worker_.drops(), 0U);
    const int second = ask();
    raise_elsewhere(2 * kHalf);
    EXPECT_EQ(raised(answer(second)), kUntold);
    EXPECT_EQ(worker_.drops(contract::DROP_RAISES_FULL), 1U);
    const int third = ask();
    raise("KeyError", flask_);
    raise_elsewhere(2 * kHalf);
    EXPECT_EQ(answer(third).exception, "KeyError") << "it is still there";
    EXPECT_EQ(worker_.drops(), 1U);
}

TEST_F(RaiseTest, AnEventLoopAnswersForItsOnlyRequest) {
    thread_.frame = &loop_;
    thread_.context = &task_;
    const int fd = ask();
    raise("ValueError", flask_);
    thread_.context = nullptr;
    EXPECT_EQ(answer(fd).exception, "ValueError");
}

TEST_F(RaiseTest, AnEventLoopDoesNotTellOneOfSeveral) {
    thread_.frame = &loop_;
    thread_.context = &task_;
    const int first = ask();
    const int second = ask();
    raise("ValueError", flask_);
    thread_.context = nullptr;
    const auto response = answer(second);
    EXPECT_EQ(raised(response), kUntold);
    EXPECT_EQ(response.exception, "");
    thread_.context = &task_;
    EXPECT_EQ(answer(first).exception, "ValueError") << "the task that raised it answers";
}

TEST_F(RaiseTest, ATaskThatHasAnsweredRaisesOnceMore) {
    thread_.frame = &loop_;
    thread_.context = &task_;
    const int first = ask();
    const int second = ask();
    raise("ValueError", flask_);
    pass(errors_);
    EXPECT_EQ(answer(first).exception, "ValueError");
    pass(errors_);
    EXPECT_EQ(raised(answer(second)), kUntold) << "in the context of the one before: not its exception";
    const int third = ask();
    raise("OSError", errors_);
    EXPECT_EQ(answer(third).exception, "OSError") << "of a middleware: it passes only there";
}

TEST_F(RaiseTest, WhatCannotBeReadIsUntold) {
    const int fd = ask();
    raise("ValueError", flask_);
    types_.back().flags = 0;
    pass(flask_);
    EXPECT_EQ(raised(answer(fd)), kUntold);
}

TEST_F(RaiseTest, ARequestThatBeganBeforeIsNotWatched) {
    const int fd = ask();
    layout_.raises_since_ns = static_cast<std::uint64_t>(worker_.now().count()) + 1;
    kernel_set_python(&layout_);
    EXPECT_EQ(raised(answer(fd)), 0);
    worker_.pass(1us);
    EXPECT_EQ(raised(answer(ask())), kNothing);
}

TEST_F(RaiseTest, AThreadThatIsNotFoundMakesItUntold) {
    const int fd = ask();
    kernel_set_thread(1);
    raise("ValueError", flask_);
    kernel_set_thread(kSelf);
    EXPECT_EQ(raised(answer(fd)), 0) << "something was missed";
    EXPECT_EQ(raised(answer(ask())), kNothing);
}

} // namespace
} // namespace bpf_test
