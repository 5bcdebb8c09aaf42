// SPDX-License-Identifier: BSD-2-Clause
// The exception that a thread is handling when it completes a response, read from an interpreter made up here: as many
// threads and nested except blocks as a case needs, at offsets of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "worker.h"

namespace bpf_test {
namespace {

struct Type {
    std::uint64_t unused = 0;
    const char* name = nullptr;
};
struct Object {
    std::uint64_t references = 1;
    const Type* type = nullptr;
};
struct Handled {
    const Object* exception = nullptr;
    const Handled* previous = nullptr;
};
struct Thread {
    std::uint64_t unused = 0;
    const Thread* next = nullptr;
    std::uint64_t id = 0;
    const Handled* handled = nullptr;
};

constexpr std::uint64_t kSelf = 4711;
constexpr auto kInternalError = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nsorry";
constexpr auto kWhole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell";
constexpr auto kCut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
constexpr auto kCutError = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 9\r\n\r\nhalf";
constexpr auto kUntilClose = "HTTP/1.0 200 OK\r\n\r\nno length";

class ExceptionTest : public testing::Test {
protected:
    ExceptionTest() {
        python_ = {.first_thread_at = reinterpret_cast<std::uint64_t>(&first_),
                   .thread_next = offsetof(Thread, next),
                   .thread_id = offsetof(Thread, id),
                   .thread_exc_info = offsetof(Thread, handled),
                   .exc_info_value = offsetof(Handled, exception),
                   .exc_info_previous_item = offsetof(Handled, previous),
                   .object_type = offsetof(Object, type),
                   .type_name = offsetof(Type, name)};
        kernel_set_python(&python_);
        kernel_set_thread(kSelf);
    }

    // A thread in front of those that are there, outside of all except blocks.
    Thread& thread(std::uint64_t id) {
        first_ = &threads_.emplace_back(Thread{.next = first_, .id = id, .handled = &blocks_.emplace_back()});
        return threads_.back();
    }
    // It enters an except block.
    void handle(Thread& thread, const char* type) {
        const auto& kind = types_.emplace_back(Type{.name = type});
        const auto& exception = objects_.emplace_back(Object{.type = &kind});
        thread.handled = &blocks_.emplace_back(Handled{&exception, thread.handled});
    }
    void not_known_yet() {
        python_.ambient_exception = contract::AMBIENT_NOT_KNOWN;
        kernel_set_python(&python_);
    }
    // What it handles now is no request's.
    void surround(const Thread& thread) {
        python_.ambient_exception = reinterpret_cast<std::uint64_t>(thread.handled->exception);
        kernel_set_python(&python_);
    }
    void enter_coroutine(Thread& thread) { thread.handled = &blocks_.emplace_back(Handled{nullptr, thread.handled}); }

    std::string exception_of(const std::string& response) {
        worker_.receive(fd_, "GET /r HTTP/1.1\r\n\r\n");
        worker_.send(fd_, response);
        return worker_.responses().back().exception;
    }

    // Of a response behind which the worker closes; nothing: its record says of nobody that he wrote it.
    std::optional<std::string> exception_at_the_end_of(const std::string& response, bool left = false) {
        const int fd = worker_.accept();
        worker_.receive(fd, "GET /r HTTP/1.0\r\n\r\n");
        worker_.send(fd, response);
        if (left) worker_.send_fails(fd, EPIPE);
        worker_.close(fd);
        const auto& last = worker_.responses().back();
        return last.by.thread == 0 ? std::nullopt : std::optional(last.exception);
    }

    Worker worker_;
    int fd_ = worker_.accept();

private:
    contract::python python_{};
    const Thread* first_ = nullptr;
    std::deque<Thread> threads_;
    std::deque<Handled> blocks_;
    std::deque<Object> objects_;
    std::deque<Type> types_;
};

TEST_F(ExceptionTest, IsThatOfTheThreadThatWrites) {
    handle(thread(1), "KeyError");
    handle(thread(kSelf), "ValueError");
    handle(thread(2), "OSError");
    EXPECT_EQ(exception_of(kInternalError), "ValueError");
}

TEST_F(ExceptionTest, NoneWhereNoneIsHandled) {
    handle(thread(1), "KeyError");
    thread(kSelf);
    EXPECT_EQ(exception_of(kInternalError), "");
}

TEST_F(ExceptionTest, TheInnermostCounts) {
    auto& self = thread(kSelf);
    handle(self, "KeyError");
    handle(self, "RuntimeError");
    EXPECT_EQ(exception_of(kInternalError), "RuntimeError");
}

TEST_F(ExceptionTest, WhatIsHandledAroundGunicornIsNone) {
    auto& self = thread(kSelf);
    handle(self, "ImportError");
    surround(self);
    EXPECT_EQ(exception_of(kInternalError), "");
    handle(self, "ValueError");
    EXPECT_EQ(exception_of(kInternalError), "ValueError");
}

TEST_F(ExceptionTest, OfASuccessOnlyWhatEndsItWithItsConnection) {
    handle(thread(kSelf), "ValueError");
    EXPECT_EQ(exception_at_the_end_of(kCut), "ValueError");
    EXPECT_EQ(exception_at_the_end_of(kUntilClose), "ValueError");
    EXPECT_FALSE(exception_at_the_end_of(kWhole));
}

TEST_F(ExceptionTest, OfASuccessNoneIfTheClientLeft) {
    handle(thread(kSelf), "BrokenPipeError");
    EXPECT_FALSE(exception_at_the_end_of(kCut, true));
}

TEST_F(ExceptionTest, NoneIfAnotherThreadEndsTheConnection) {
    handle(thread(kSelf), "ConnectionResetError");
    for (const auto* response : {kCut, kCutError}) {
        worker_.receive(fd_, "GET /r HTTP/1.0\r\n\r\n");
        worker_.send(fd_, response);
        kernel_set_task(WORKER_TGID + 1); // whose file has been given the number
        worker_.close(fd_);
        kernel_set_task(WORKER_TGID);
        EXPECT_EQ(worker_.responses().back().by.thread, 0U) << response;
        EXPECT_EQ(worker_.responses().back().exception, "");
        fd_ = worker_.accept();
    }
}

TEST_F(ExceptionTest, OfASuccessNoneWhereNoneIsHandled) {
    thread(kSelf);
    EXPECT_FALSE(exception_at_the_end_of(kCut));
    EXPECT_FALSE(exception_at_the_end_of(kUntilClose));
}

TEST_F(ExceptionTest, OfASuccessNoneAsLongAsItMayBeOneAroundGunicorn) {
    handle(thread(kSelf), "ImportError");
    not_known_yet();
    EXPECT_EQ(exception_of(kInternalError), "ImportError") << "that something failed, its status says";
    EXPECT_FALSE(exception_at_the_end_of(kUntilClose));
    EXPECT_FALSE(exception_at_the_end_of(kCut));
}

TEST_F(ExceptionTest, PassesOverWhatHandlesNothing) {
    auto& self = thread(kSelf);
    handle(self, "shop.OutOfStock");
    for (int depth = 0; depth < 15; depth++) enter_coroutine(self);
    handle(self, "NoneType");
    EXPECT_EQ(exception_of(kInternalError), "shop.OutOfStock");
}

TEST_F(ExceptionTest, WhoseNameBeginsLikeNones) {
    handle(thread(kSelf), "NoneTypeError");
    EXPECT_EQ(exception_of(kInternalError), "NoneTypeError");
}

TEST_F(ExceptionTest, LongNamesAreCut) {
    const std::string name(1000, 'x');
    const std::string longest(contract::EXCEPTION_BYTES - 1, 'y');
    auto& self = thread(kSelf);
    handle(self, name.c_str());
    EXPECT_EQ(exception_of(kInternalError), std::string(contract::EXCEPTION_BYTES, 'x')) << "and say so: without a NUL";
    handle(self, longest.c_str());
    EXPECT_EQ(exception_of(kInternalError), longest);
}

TEST_F(ExceptionTest, IsFoundInAPoolOfManyThreads) {
    handle(thread(kSelf), "ValueError");
    for (std::uint64_t id = 1; id < 300; id++) thread(id); // later ones are in front
    EXPECT_EQ(exception_of(kInternalError), "ValueError");
    for (std::uint64_t id = 300; id < 1200; id++) thread(id);
    const auto lost = worker_.drops(contract::DROP_PYTHON_WALK);
    EXPECT_EQ(exception_of(kInternalError), "");
    EXPECT_EQ(worker_.drops(contract::DROP_PYTHON_WALK), lost + 1);
}

TEST_F(ExceptionTest, IsForgottenWithItsResponse) {
    auto& self = thread(kSelf);
    handle(self, "ValueError");
    EXPECT_EQ(exception_of(kInternalError), "ValueError");
    self.handled = nullptr;
    EXPECT_EQ(exception_of(kInternalError), "");
}

TEST_F(ExceptionTest, IsNotLookedForBehindASuccess) {
    handle(thread(kSelf), "ValueError");
    EXPECT_EQ(exception_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "");
    EXPECT_EQ(exception_of("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "ValueError");
}

TEST_F(ExceptionTest, OfPipelinedResponsesInOneCall) {
    handle(thread(kSelf), "ValueError");
    worker_.receive(fd_, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    worker_.send(fd_, std::string(kInternalError) + kInternalError);
    EXPECT_THAT(worker_.summaries(), testing::ElementsAre("500 GET /a HTTP/1.1", "500 GET /b HTTP/1.1"));
    for (const auto& response : worker_.responses()) EXPECT_EQ(response.exception, "ValueError");
}

TEST_F(ExceptionTest, ListsThatLeadInCirclesEnd) {
    auto& other = thread(1);
    other.next = &other;
    EXPECT_EQ(exception_of(kInternalError), "");
    auto& self = thread(kSelf);
    Handled circle;
    circle.previous = &circle;
    self.handled = &circle;
    EXPECT_EQ(exception_of(kInternalError), "");
}

TEST_F(ExceptionTest, NothingIsReadWithoutALayout) {
    handle(thread(kSelf), "ValueError");
    const contract::python unknown{};
    kernel_set_python(&unknown);
    EXPECT_EQ(exception_of(kInternalError), "");
}

} // namespace
} // namespace bpf_test
