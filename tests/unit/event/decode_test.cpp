// SPDX-License-Identifier: BSD-2-Clause
// Every kind of record, every field, and records that are no such thing.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "event/decode.h"

namespace {

using namespace std::chrono_literals;

contract::record_header header(contract::record_kind kind) {
    return {.kind = kind, .slot = 12, .tgid = 3456, .reserved = 0, .time_ns = 7'000'000'089};
}

template <typename Record> std::span<const std::byte> bytes_of(const Record& record) {
    return std::as_bytes(std::span(&record, 1));
}

template <typename Expected, typename Record> Expected decoded(const Record& record) {
    const auto event = event::decode(bytes_of(record));
    EXPECT_TRUE(event && std::holds_alternative<Expected>(*event));
    return event ? std::get<Expected>(*event) : Expected{};
}

template <typename Event> void expect_header(const Event& event) {
    EXPECT_EQ(event.slot, 12u);
    EXPECT_EQ(event.pid, 3456);
    EXPECT_EQ(event.at, 7'000'000'089ns);
}

TEST(Decode, Fork) {
    const auto event = decoded<event::Forked>(
        contract::record_fork{.header = header(contract::RECORD_FORK), .parent_slot = 5, .parent_tgid = 77});
    expect_header(event);
    EXPECT_EQ(event.parent_slot, 5u);
    EXPECT_EQ(event.parent_pid, 77);
}

TEST(Decode, Exec) { expect_header(decoded<event::Executed>(header(contract::RECORD_EXEC))); }

TEST(Decode, OutOfMemory) { expect_header(decoded<event::OutOfMemory>(header(contract::RECORD_OOM))); }

TEST(Decode, Exit) {
    for (const unsigned code : {0u, 0x100u, 0x9u, 0x8bu, 0xff00u}) {
        const auto event = decoded<event::Exited>(contract::record_exit{
            .header = header(contract::RECORD_EXIT), .exit_code = code, .role = contract::ROLE_WORKER});
        expect_header(event);
        EXPECT_EQ(event.wait_status, static_cast<int>(code));
    }
}

TEST(Decode, Signal) {
    for (const int result : {0, 1, 2, 3, 4}) {
        const auto event = decoded<event::Signalled>(contract::record_signal{
            .header = header(contract::RECORD_SIGNAL), .signal = 15, .code = -6, .result = result, .sender_tgid = 88});
        expect_header(event);
        EXPECT_EQ(event.signal, 15);
        EXPECT_EQ(event.code, -6);
        EXPECT_EQ(event.applied, result == 0);
        EXPECT_EQ(event.sender, 88);
    }
}

TEST(Decode, Listen) {
    const auto event = decoded<event::Listening>(
        contract::record_listen{.header = header(contract::RECORD_LISTEN), .socket_inode = 0x1'0000'0002});
    expect_header(event);
    EXPECT_EQ(event.socket_inode, 0x1'0000'0002u);
}

contract::record_response response(std::string_view line, int flags = 0) {
    contract::record_response record{.header = header(contract::RECORD_RESPONSE),
                                     .duration_ns = 1'500'000,
                                     .status = 404,
                                     .line_bytes = static_cast<contract::u16>(line.size()),
                                     .flags = static_cast<contract::u8>(flags),
                                     .ended_by = contract::BY_CLIENT,
                                     .reserved = {},
                                     .request_line = {}};
    std::memcpy(record.request_line, line.data(), std::min(line.size(), sizeof record.request_line));
    return record;
}

TEST(Decode, Response) {
    const auto event = decoded<event::Responded>(response("GET /nothing HTTP/1.1"));
    expect_header(event);
    EXPECT_EQ(event.status, 404);
    EXPECT_EQ(event.request_line, "GET /nothing HTTP/1.1");
    EXPECT_EQ(event.duration, 1'500us);
    EXPECT_FALSE(event.request_line_cut);
    EXPECT_FALSE(event.request_line_open);
    EXPECT_FALSE(event.incomplete);
    EXPECT_FALSE(event.uwsgi);
}

TEST(Decode, ResponseFlags) {
    EXPECT_TRUE(decoded<event::Responded>(response("GET /", contract::RESPONSE_LINE_CUT)).request_line_cut);
    EXPECT_TRUE(decoded<event::Responded>(response("GE", contract::RESPONSE_LINE_OPEN)).request_line_open);
    EXPECT_TRUE(decoded<event::Responded>(response("", contract::RESPONSE_NO_REQUEST)).request_line_open);
    EXPECT_TRUE(decoded<event::Responded>(response("GET /", contract::RESPONSE_INCOMPLETE)).incomplete);
    EXPECT_TRUE(decoded<event::Responded>(response("\x01", contract::RESPONSE_UWSGI)).uwsgi);
    EXPECT_TRUE(decoded<event::Responded>(response("", contract::RESPONSE_LINE_LOST)).request_lost);
    const auto only_cut = decoded<event::Responded>(response("GET /", contract::RESPONSE_LINE_CUT));
    EXPECT_FALSE(only_cut.request_line_open || only_cut.incomplete || only_cut.uwsgi || only_cut.request_lost);
}

TEST(Decode, WhatPassedAFramework) {
    using Raised = event::Responded::Raised;
    const auto raised = [](int flags, contract::u32 thread = 7) {
        auto record = response("GET /");
        record.by.thread = thread;
        record.by.raised = static_cast<contract::u16>(flags);
        return decoded<event::Responded>(record).raised;
    };
    EXPECT_EQ(raised(0), Raised::not_watched);
    EXPECT_EQ(raised(contract::RAISED_PROBE_ACTIVE), Raised::nothing);
    EXPECT_EQ(raised(contract::RAISED_PROBE_ACTIVE, 0), Raised::not_watched) << "nobody looked: of an earlier one";
    EXPECT_EQ(raised(contract::RAISED_PROBE_ACTIVE | contract::RAISED_EXCEPTION), Raised::exception);
    EXPECT_EQ(raised(contract::RAISED_PROBE_ACTIVE | contract::RAISED_AMBIGUOUS), Raised::untold);
}

TEST(Decode, WhatTheParserRefused) {
    auto record = response("GET /");
    record.by.raised = contract::RAISED_BY_PARSER;
    EXPECT_FALSE(decoded<event::Responded>(record).refused) << "nobody looked: of an earlier one";
    record.by.thread = 7;
    EXPECT_TRUE(decoded<event::Responded>(record).refused);
    record.by.raised = contract::RAISED_PROBE_ACTIVE;
    EXPECT_FALSE(decoded<event::Responded>(record).refused);
}

TEST(Decode, RequestLineOfAnyBytes) {
    const std::string line("\0\xff\n\r\x80 ", 6);
    EXPECT_EQ(decoded<event::Responded>(response(line)).request_line, line);
    const std::string longest(contract::REQUEST_LINE_BYTES, 'p');
    EXPECT_EQ(decoded<event::Responded>(response(longest)).request_line, longest);
}

TEST(Decode, RequestLineIsNeverReadBeyondItsRoom) {
    auto record = response("GET /");
    record.line_bytes = 65'535;
    EXPECT_EQ(decoded<event::Responded>(record).request_line.size(), std::size_t{contract::REQUEST_LINE_BYTES});
}

TEST(Decode, StatusThatNobodyCouldRead) {
    auto record = response("");
    record.status = 0;
    EXPECT_EQ(decoded<event::Responded>(record).status, 0);
}

TEST(Decode, ShortRecordsAreNothing) {
    const auto record = response("GET /");
    for (std::size_t size = 0; size < sizeof record; size++)
        EXPECT_FALSE(event::decode(bytes_of(record).first(size))) << size;

    const contract::record_signal signal{.header = header(contract::RECORD_SIGNAL)};
    EXPECT_FALSE(event::decode(bytes_of(signal).first(sizeof signal - 1)));
    const contract::record_exit exit{.header = header(contract::RECORD_EXIT)};
    EXPECT_FALSE(event::decode(bytes_of(exit).first(sizeof(contract::record_header))));
    const contract::record_fork fork{.header = header(contract::RECORD_FORK)};
    EXPECT_FALSE(event::decode(bytes_of(fork).first(sizeof fork - 1)));
    const contract::record_listen listen{.header = header(contract::RECORD_LISTEN)};
    EXPECT_FALSE(event::decode(bytes_of(listen).first(sizeof listen - 1)));
}

TEST(Decode, RecordsOfUnknownKindsAreNothing) {
    auto record = response("GET /");
    for (const unsigned kind : {0u, 99u, 0xffffffffu}) {
        record.header.kind = kind;
        EXPECT_FALSE(event::decode(bytes_of(record))) << kind;
    }
}

TEST(Decode, RecordsNeedNoAlignment) {
    // The ring buffer aligns them to 8 bytes, files that replay them do not.
    const auto record = response("GET /aligned HTTP/1.1");
    std::vector<std::byte> shifted(sizeof record + 1);
    std::memcpy(shifted.data() + 1, &record, sizeof record);
    const auto event = event::decode(std::span(shifted).subspan(1));
    ASSERT_TRUE(event && std::holds_alternative<event::Responded>(*event));
    EXPECT_EQ(std::get<event::Responded>(*event).request_line, "GET /aligned HTTP/1.1");
}

} // namespace
