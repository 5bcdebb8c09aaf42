// SPDX-License-Identifier: BSD-2-Clause
// What a worker logs, read at getpid() from the interpreter.
#include <asm/unistd.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "interpreter_fixture.h"

namespace bpf_test {
namespace {

constexpr std::uint64_t kTag = 1; // of references from frames, as since 3.14

std::uint64_t tagged(const void* address) { return reference(address) | kTag; }

class LogRecordTest : public InterpreterTest {
protected:
    LogRecordTest() {
        layout_.str_other_text = offsetof(Text, characters);
        layout_.frame_owner = offsetof(Frame, owner);
        layout_.sequence_size = offsetof(Tuple, size);
        layout_.tuple_items = offsetof(Tuple, items);
        layout_.int_digits = offsetof(Number, digit);
        layout_.reference_tags = 3;
        layout_.object_frame = contract::OFFSET_ABSENT;
        kernel_set_python(&layout_);
        thread_.frame = &record_;
        thread_.context = &none_;
        module_.code = tagged(&main_);
        record_.previous = &module_;
        record_.code = tagged(&init_);
        record_.locals = {tagged(&module_),    tagged(&logger_),  tagged(&level_), 0, 0, 0,
                          tagged(&arguments_), tagged(&exc_info_)};
    }

    // What is recorded when the thread calls getpid().
    std::vector<contract::record_logged> ask() {
        worker_.get_pid();
        return worker_.logged();
    }
    contract::record_logged logged() {
        const auto records = ask();
        EXPECT_EQ(records.size(), 1u);
        return records.empty() ? contract::record_logged{} : records.back();
    }
    static std::string said(const contract::u8* bytes) { return reinterpret_cast<const char*>(bytes); }

    Type tuple_{&class_, kTuple, "tuple"};
    Type int_{&class_, 0, "int"};
    Type none_{&class_, 0, "NoneType"};
    Type key_error_{&class_, kException, "shop.KeyError"};
    Object nothing_{&none_};
    Code init_{text("/usr/lib/python3.11/logging/__init__.py"), text("__init__")};
    const Text& logger_ = *text("django.request");
    Number level_{&int_, 40};
    Tuple arguments_{&tuple_, 2, {text("Internal Server Error"), text("/a"), nullptr}};
    Type traceback_type_{&class_, 0, "traceback"};
    Code view_ = code("/srv/shop.py", "view");
    Frame raised_in_{.previous = nullptr, .code = tagged(&view_), .owner = 0, .locals = {}};
    Traceback inner_{&traceback_type_, nullptr, &raised_in_};
    Code serve_ = code("/usr/lib/python3/dist-packages/uvicorn/protocols/http/h11_impl.py", "run_asgi");
    Frame served_in_{.previous = nullptr, .code = tagged(&serve_), .owner = 0, .locals = {}};
    Traceback traceback_{&traceback_type_, &inner_, &served_in_};
    Tuple exc_info_{&tuple_, 3, {&key_error_, &nothing_, &traceback_}};
    Frame module_;
    Frame record_;
};

TEST_F(LogRecordTest, WhatIsDoneAfterAnAnswerIsBehindNone) {
    EXPECT_EQ(ask().size(), 1u);
    view_ = code("/srv/starlet/background.py", "__call__");
    EXPECT_EQ(ask().size(), 1u);
    view_ = code("/usr/lib/python3/dist-packages/starlette/background.py", "__call__");
    EXPECT_EQ(ask().size(), 0u);
}

TEST_F(LogRecordTest, IsReadFromTheArgumentsOfItsMaking) {
    const int fd = worker_.accept();
    worker_.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    const auto record = logged();
    EXPECT_EQ(said(record.exception), "shop.KeyError");
    EXPECT_EQ(said(record.logger), "django.request");
    EXPECT_EQ(argument(record, 0), "Internal Server Error");
    EXPECT_EQ(argument(record, 1), "/a");
    EXPECT_EQ(record.in_flight, 1u);
    EXPECT_EQ(record.by.thread, static_cast<contract::u32>(WORKER_TGID));
    EXPECT_EQ(record.by.is_main_module, 1u);
    EXPECT_EQ(record.by.outermost_frame, reference(&module_));
    EXPECT_EQ(record.by.context, reference(&none_));
}

// The first item of the traceback is of the function that caught it.
TEST_F(LogRecordTest, SaysWhetherTheServerCaughtIt) {
    EXPECT_TRUE(logged().by.raised & contract::RAISED_TO_SERVER);
    serve_ = code("/usr/lib/python3.11/concurrent/futures/thread.py", "_worker");
    EXPECT_TRUE(ask().back().by.raised & contract::RAISED_TO_SERVER);
    exc_info_.items[2] = &inner_;
    EXPECT_FALSE(ask().back().by.raised & contract::RAISED_TO_SERVER) << "the application got over it";
    exc_info_.items[2] = nullptr;
    EXPECT_FALSE(ask().back().by.raised & contract::RAISED_TO_SERVER);
}

TEST_F(LogRecordTest, AThreadsOutermostFrameIsItsOwn) {
    module_.code = tagged(&bootstrap_);
    Frame interpreters;
    interpreters.owner = 3;
    module_.previous = &interpreters;
    const auto record = logged();
    EXPECT_EQ(record.by.is_main_module, 0u);
    EXPECT_EQ(record.by.outermost_frame, reference(&module_)) << "not the interpreter's";
}

TEST_F(LogRecordTest, OtherCallersOfGetpidSayNothing) {
    record_.code = tagged(&bootstrap_);
    EXPECT_TRUE(ask().empty());
    for (const auto* file : {"/shop/catalogging/__init__.pyc", "/shop/__init__.py", "__init__.py", ""}) {
        init_.file = text(file);
        record_.code = tagged(&init_);
        EXPECT_TRUE(ask().empty()) << file;
    }
    init_.file = text("logging/__init__.py");
    EXPECT_EQ(ask().size(), 1u) << "a relative path";
}

TEST_F(LogRecordTest, BelowErrorNothingIsSaid) {
    level_.digit = 30;
    EXPECT_TRUE(ask().empty());
    level_.digit = 50;
    EXPECT_EQ(ask().size(), 1u);
}

TEST_F(LogRecordTest, OnlyAnExceptionsClassCounts) {
    exc_info_.items = {&nothing_, &nothing_, &nothing_}; // logger.exception() outside of an except block
    EXPECT_TRUE(ask().empty());
    exc_info_.items[0] = &int_; // a class of something else
    EXPECT_TRUE(ask().empty());
    exc_info_.items[0] = nullptr;
    EXPECT_TRUE(ask().empty());
    record_.locals[7] = tagged(&nothing_);
    EXPECT_TRUE(ask().empty());
    record_.locals[7] = 0;
    EXPECT_TRUE(ask().empty());
}

TEST_F(LogRecordTest, ArgumentsThatAreNoTextAreLeftOut) {
    arguments_.size = 1;
    EXPECT_EQ(argument(logged(), 1), "");
    arguments_ = {&tuple_, 2, {&level_, &arguments_, nullptr}};
    auto record = ask().back();
    EXPECT_EQ(argument(record, 0), "");
    EXPECT_EQ(argument(record, 1), "");
    EXPECT_EQ(record.argument_bytes[0] + record.argument_bytes[1], 0);
    arguments_.items[0] = text(std::string(250, 'x'));
    texts_.back().state = 0; // a legacy string, whose text is elsewhere
    EXPECT_EQ(argument(ask().back(), 0), "");
    record_.locals[6] = tagged(&nothing_);
    EXPECT_EQ(argument(ask().back(), 0), "");
}

TEST_F(LogRecordTest, ArgumentsKeepTheirBytesAndHowWideTheyAre) {
    arguments_.items[0] = text(std::string(1000, 'x'));
    auto record = ask().back();
    EXPECT_EQ(record.argument_kinds[0], contract::ARGUMENT_BYTES | contract::ARGUMENT_IS_CUT);
    EXPECT_EQ(record.argument_bytes[0], contract::LOG_ARGUMENT_BYTES);
    EXPECT_EQ(record.arguments[0][contract::LOG_ARGUMENT_BYTES - 1], 'x');
    for (const auto width : {1U, 2U, 4U}) {
        arguments_.items[0] = text("/größe, as many bytes as its widest");
        texts_.back().state = width << 2 | 1U << 5; // compact, not ASCII
        texts_.back().length = 8;
        record = ask().back();
        EXPECT_EQ(record.argument_kinds[0], width);
        EXPECT_EQ(record.argument_bytes[0], 8 * width);
        EXPECT_EQ(std::memcmp(record.arguments[0], texts_.back().characters, std::size_t{8} * width), 0);
    }
    texts_.back().length = contract::LOG_ARGUMENT_BYTES;
    EXPECT_EQ(ask().back().argument_bytes[0], contract::LOG_ARGUMENT_BYTES);
    EXPECT_TRUE(ask().back().argument_kinds[0] & contract::ARGUMENT_IS_CUT);
}

TEST_F(LogRecordTest, FramesThatLeadInCirclesHaveNoOutermost) {
    module_.previous = &record_;
    EXPECT_EQ(logged().by.outermost_frame, 0u);
}

TEST_F(LogRecordTest, ForeignThreadsAndUnknownLayoutsSayNothing) {
    kernel_set_thread(1);
    EXPECT_TRUE(ask().empty());
    kernel_set_thread(kSelf);
    thread_.frame = nullptr;
    EXPECT_TRUE(ask().empty());
    thread_.frame = &record_;
    const contract::python unknown{};
    kernel_set_python(&unknown);
    EXPECT_TRUE(ask().empty());
}

TEST_F(LogRecordTest, AResponseThatIsCutOffAfterwardsIsExplained) {
    const int fd = worker_.accept();
    worker_.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    worker_.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    worker_.pass(std::chrono::milliseconds(1));
    ask();
    worker_.close(fd);
    ASSERT_EQ(worker_.responses().size(), 1u);
    EXPECT_EQ(worker_.responses().back().by.outermost_frame, reference(&module_));
    EXPECT_EQ(worker_.responses().back().by.thread, static_cast<contract::u32>(WORKER_TGID));
}

TEST_F(LogRecordTest, AFailedResponseSaysWhoWroteIt) {
    const int fd = worker_.accept();
    worker_.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    worker_.send(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker_.responses().back().by.outermost_frame, reference(&module_));
    worker_.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    worker_.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker_.responses().back().by.thread, 0u) << "nobody looks behind a success";
}

} // namespace
} // namespace bpf_test
