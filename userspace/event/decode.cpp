// SPDX-License-Identifier: BSD-2-Clause
#include "event/decode.h"

#include <algorithm>
#include <cstring>

#include "event/decode_breakdown.h"
#include "event/python_text.h"

namespace event {

namespace {

template <typename Record> std::optional<Record> read(std::span<const std::byte> bytes) {
    if (bytes.size() < sizeof(Record)) return std::nullopt;
    Record record;
    std::memcpy(&record, bytes.data(), sizeof record);
    return record;
}

pid_t pid_of(std::uint32_t tgid) { return static_cast<pid_t>(tgid); }
KernelTime time_of(const contract::record_header& header) {
    return KernelTime(static_cast<std::int64_t>(header.time_ns));
}

template <std::size_t Size> std::string_view kept_of(const contract::u8 (&bytes)[Size]) {
    return {reinterpret_cast<const char*>(bytes), Size};
}

template <std::size_t Size> std::string text_of(const contract::u8 (&bytes)[Size]) {
    const auto kept = kept_of(bytes);
    return std::string(kept.substr(0, kept.find('\0')));
}

Event from(const contract::record_fork& record) {
    return Forked{record.header.slot, pid_of(record.header.tgid), record.parent_slot, pid_of(record.parent_tgid),
                  time_of(record.header)};
}

Event from(const contract::record_header& record) {
    return Executed{record.slot, pid_of(record.tgid), time_of(record)};
}

Event from(const contract::record_exit& record) {
    return Exited{record.header.slot, pid_of(record.header.tgid), static_cast<int>(record.exit_code),
                  time_of(record.header)};
}

Event from(const contract::record_signal& record) {
    // Results of signal_generate: include/trace/events/signal.h, TRACE_SIGNAL_DELIVERED is 0.
    return Signalled{record.header.slot, pid_of(record.header.tgid), record.signal,         record.code,
                     record.result == 0, pid_of(record.sender_tgid), time_of(record.header)};
}

Event from(const contract::record_listen& record) {
    return Listening{record.header.slot, pid_of(record.header.tgid), record.socket_inode, time_of(record.header)};
}

Execution execution_of(const contract::exec_context& raw) {
    return {raw.thread, raw.is_main_module != 0, raw.outermost_frame, raw.context};
}

bool is_cut(const contract::record_logged& record, std::size_t index) {
    return (record.argument_kinds[index] & contract::ARGUMENT_IS_CUT) != 0;
}

std::string argument_of(const contract::record_logged& record, std::size_t index) {
    const auto bytes = std::min<std::size_t>(record.argument_bytes[index], contract::LOG_ARGUMENT_BYTES);
    const auto kind = record.argument_kinds[index] & ~static_cast<unsigned>(contract::ARGUMENT_IS_CUT);
    return utf8_of({reinterpret_cast<const char*>(record.arguments[index]), bytes}, kind);
}

RaisedIn raised_in(const contract::exec_context& by) {
    if (by.raised & contract::RAISED_IN_APPLICATION) return RaisedIn::application;
    return by.raised & contract::RAISED_IN_SERVER ? RaisedIn::server : RaisedIn::not_known;
}

Event from(const contract::record_logged& record) {
    static_assert(contract::LOG_ARGUMENTS == std::tuple_size_v<decltype(Logged::arguments)>);
    return Logged{.slot = record.header.slot,
                  .pid = pid_of(record.header.tgid),
                  .by = execution_of(record.by),
                  .in_flight = record.in_flight,
                  .exception = class_name_of(kept_of(record.exception)),
                  .logger = text_of(record.logger),
                  .arguments = {argument_of(record, 0), argument_of(record, 1)},
                  .cut = {is_cut(record, 0), is_cut(record, 1)},
                  .of_scope = record.of_scope != 0,
                  .raised_in = raised_in(record.by),
                  .to_server = (record.by.raised & contract::RAISED_TO_SERVER) != 0,
                  .at = time_of(record.header)};
}

Responded::Raised raised_of(const contract::exec_context& by) {
    if (by.thread == 0 || !(by.raised & contract::RAISED_PROBE_ACTIVE)) return Responded::Raised::not_watched;
    if (by.raised & contract::RAISED_AMBIGUOUS) return Responded::Raised::untold;
    return by.raised & contract::RAISED_EXCEPTION ? Responded::Raised::exception : Responded::Raised::nothing;
}

Responded response_of(const contract::record_response& record) {
    const std::size_t bytes = std::min<std::size_t>(record.line_bytes, sizeof record.request_line);
    return Responded{
        .slot = record.header.slot,
        .pid = pid_of(record.header.tgid),
        .status = record.status,
        .request_line = std::string(reinterpret_cast<const char*>(record.request_line), bytes),
        .request_line_cut = (record.flags & contract::RESPONSE_LINE_CUT) != 0,
        .request_line_open = (record.flags & (contract::RESPONSE_LINE_OPEN | contract::RESPONSE_NO_REQUEST)) != 0,
        .request_lost = (record.flags & contract::RESPONSE_LINE_LOST) != 0,
        .uwsgi = (record.flags & contract::RESPONSE_UWSGI) != 0,
        .proxy_line = (record.flags & contract::RESPONSE_PROXY_LINE) != 0,
        .incomplete = (record.flags & contract::RESPONSE_INCOMPLETE) != 0,
        .exception = class_name_of(kept_of(record.exception)),
        .by = execution_of(record.by),
        .raised = raised_of(record.by),
        .refused = record.by.thread != 0 && (record.by.raised & contract::RAISED_BY_PARSER) != 0,
        .duration = std::chrono::nanoseconds(static_cast<std::int64_t>(record.duration_ns)),
        .at = time_of(record.header),
        .polled = KernelTime(static_cast<std::int64_t>(record.polled_ns)),
    };
}

Aborted::By by_of(contract::u8 ended_by) {
    switch (ended_by) {
    case contract::BY_CLIENT:
        return Aborted::By::client;
    case contract::BY_SERVER:
        return Aborted::By::server;
    default:
        return Aborted::By::worker_exit;
    }
}

bool closed_after_exception(const contract::exec_context& by) {
    return by.thread != 0 && (by.raised & contract::RAISED_AND_CLOSED) != 0;
}

Aborted aborted_of(const contract::record_response& record) {
    return {.request = response_of(record),
            .by = by_of(record.ended_by),
            .by_exception = closed_after_exception(record.by)};
}

Event from(const contract::record_response& record) {
    if (record.header.kind == contract::RECORD_ABORTED) return aborted_of(record);
    return response_of(record);
}

Event from(const contract::record_traced& record) {
    Traced traced{.request = response_of(record.response), .by = {}, .time = {}};
    traced.unanswered = record.response.header.kind == contract::RECORD_TRACED_ABORTED;
    traced.by_exception = closed_after_exception(record.response.by);
    if (traced.request.incomplete) traced.by = by_of(record.response.ended_by);
    traced.time = breakdown_of(record.time, traced.request.duration);
    return traced;
}

template <typename Record> std::optional<Event> decode_as(std::span<const std::byte> bytes) {
    const auto record = read<Record>(bytes);
    if (!record) return std::nullopt;
    return from(*record);
}

EndedBy ended_by(const contract::u64* counts) {
    return {counts[contract::BY_CLIENT], counts[contract::BY_SERVER], counts[contract::BY_EXIT]};
}

Histogram histogram_of(const contract::durations& raw) {
    Histogram histogram;
    std::ranges::copy(raw.buckets, histogram.buckets.begin());
    histogram.sum = std::chrono::nanoseconds(static_cast<std::int64_t>(raw.sum_ns));
    return histogram;
}

SizeHistogram histogram_of(const contract::sizes& raw) {
    SizeHistogram histogram;
    std::ranges::copy(raw.buckets, histogram.buckets.begin());
    histogram.sum = raw.sum_bytes;
    return histogram;
}

PauseHistogram histogram_of(const contract::pauses& raw) {
    PauseHistogram histogram;
    std::ranges::copy(raw.buckets, histogram.buckets.begin());
    histogram.sum = std::chrono::nanoseconds(static_cast<std::int64_t>(raw.sum_ns));
    return histogram;
}

LifetimeHistogram histogram_of(const contract::lifetimes& raw) {
    LifetimeHistogram histogram;
    std::ranges::copy(raw.buckets, histogram.buckets.begin());
    histogram.sum = std::chrono::nanoseconds(static_cast<std::int64_t>(raw.sum_ns));
    return histogram;
}

Activity activity_of(const contract::activity& raw, KernelTime now) {
    auto busy = std::chrono::nanoseconds(static_cast<std::int64_t>(raw.busy_ns));
    const KernelTime since(static_cast<std::int64_t>(raw.busy_since_ns));
    if (since.count() != 0 && now > since) busy += now - since;
    return {raw.in_flight, raw.open_connections, busy, raw.served, raw.open_streams, raw.websockets};
}

} // namespace

std::optional<Event> decode(std::span<const std::byte> bytes) {
    const auto header = read<contract::record_header>(bytes);
    if (!header) return std::nullopt;
    switch (header->kind) {
    case contract::RECORD_FORK:
        return decode_as<contract::record_fork>(bytes);
    case contract::RECORD_EXEC:
        return from(*header);
    case contract::RECORD_OOM:
        return OutOfMemory{header->slot, pid_of(header->tgid), time_of(*header)};
    case contract::RECORD_EXIT:
        return decode_as<contract::record_exit>(bytes);
    case contract::RECORD_SIGNAL:
        return decode_as<contract::record_signal>(bytes);
    case contract::RECORD_LISTEN:
        return decode_as<contract::record_listen>(bytes);
    case contract::RECORD_RESPONSE:
    case contract::RECORD_ABORTED:
        return decode_as<contract::record_response>(bytes);
    case contract::RECORD_TRACED:
    case contract::RECORD_TRACED_ABORTED:
        return decode_as<contract::record_traced>(bytes);
    case contract::RECORD_LOGGED:
        return decode_as<contract::record_logged>(bytes);
    default:
        return std::nullopt;
    }
}

Totals decode(const contract::worker_totals& raw, KernelTime now) {
    Totals totals;
    std::ranges::copy(raw.duration_buckets, totals.duration.buckets.begin());
    totals.duration.sum = std::chrono::nanoseconds(static_cast<std::int64_t>(raw.duration_sum_ns));
    for (int index = 0; index < contract::STATUS_SLOTS; index++) {
        if (!raw.responses[index]) continue;
        const int status = index == contract::STATUS_UNREADABLE ? 0 : index + contract::STATUS_FIRST;
        totals.responses[status] = raw.responses[index];
    }
    totals.incomplete = ended_by(raw.incomplete);
    totals.aborted = ended_by(raw.aborted);
    totals.connections = {
        {"http", raw.connections[contract::CONNECTION_HTTP]},
        {"empty", raw.connections[contract::CONNECTION_EMPTY]},
        {"partial", raw.connections[contract::CONNECTION_PARTIAL]},
        {"aborted", raw.connections[contract::CONNECTION_ABORTED]},
        {"tls", raw.connections[contract::CONNECTION_TLS]},
        {"http2", raw.connections[contract::CONNECTION_HTTP2]},
        {"opaque", raw.connections[contract::CONNECTION_OPAQUE]},
        {"adopted", raw.connections[contract::CONNECTION_ADOPTED]},
    };
    totals.unserved_requests = raw.unserved;
    totals.unexpected_responses = raw.protocol_errors[contract::ERROR_RESPONSE];
    totals.unexpected_bytes = raw.protocol_errors[contract::ERROR_BYTES];
    totals.first_byte = histogram_of(raw.first_byte);
    totals.request_sizes = histogram_of(raw.request_sizes);
    totals.response_sizes = histogram_of(raw.response_sizes);
    totals.accept_waits = histogram_of(raw.waits[contract::WAIT_ACCEPT]);
    totals.read_waits = histogram_of(raw.waits[contract::WAIT_FIRST_READ]);
    totals.next_read_waits = histogram_of(raw.waits[contract::WAIT_NEXT_READ]);
    totals.unknown_accept_waits = raw.unknown_waits[contract::WAIT_ACCEPT];
    totals.unknown_read_waits = raw.unknown_waits[contract::WAIT_FIRST_READ];
    totals.unknown_next_read_waits = raw.unknown_waits[contract::WAIT_NEXT_READ];
    totals.activity = activity_of(raw.activity, now);
    totals.streams = {raw.streams[contract::STREAM_COMPLETE], ended_by(raw.streams)};
    totals.websockets = ended_by(raw.websockets);
    totals.stream_lifetimes = histogram_of(raw.stream_lifetimes);
    totals.websocket_lifetimes = histogram_of(raw.websocket_lifetimes);
    return totals;
}

Collections decode(const contract::gc_pauses& raw) {
    Collections collections;
    std::ranges::transform(raw.generations, collections.begin(),
                           [](const auto& pauses) { return histogram_of(pauses); });
    return collections;
}

Imports decode(const contract::imports& raw, bool from_the_beginning) {
    const auto of = [&](contract::import_phase phase) {
        return Imports::Phase{raw.modules[phase],
                              std::chrono::nanoseconds(static_cast<std::int64_t>(raw.time_ns[phase]))};
    };
    return {.boot = from_the_beginning ? std::optional(of(contract::IMPORT_AT_BOOT)) : std::nullopt,
            .serving = of(contract::IMPORT_WHEN_SERVING)};
}

std::string name_of(contract::drop_reason reason) {
    switch (reason) {
    case contract::DROP_RING_FULL:
        return "ring_full";
    case contract::DROP_SLOTS_FULL:
        return "processes_full";
    case contract::DROP_CONNECTIONS_FULL:
        return "connections_full";
    case contract::DROP_PIPELINE_FULL:
        return "pipeline_full";
    case contract::DROP_PARSE_BUDGET:
        return "parse_budget";
    case contract::DROP_UNREADABLE:
        return "unreadable_buffer";
    case contract::DROP_SYSCALL:
        return "unsupported_syscall";
    case contract::DROP_FRAMING:
        return "framing";
    case contract::DROP_PID_RANGE:
        return "pid_range";
    case contract::DROP_LISTENERS_FULL:
        return "listeners_full";
    case contract::DROP_THREADS_FULL:
        return "threads_full";
    case contract::DROP_ARRIVALS_FULL:
        return "arrivals_full";
    case contract::DROP_PYTHON_WALK:
        return "python_walk";
    case contract::DROP_GC_FULL:
        return "gc_full";
    case contract::DROP_IMPORTS_FULL:
        return "imports_full";
    case contract::DROP_MESSAGE:
        return "unreadable_message";
    case contract::DROP_32BIT_SYSCALL:
        return "32bit_syscall";
    case contract::DROP_REQUEST_END:
        return "request_end";
    case contract::DROP_PREEMPTED:
        return "preempted";
    case contract::DROP_RAISES_FULL:
        return "raises_full";
    case contract::DROP_FOREIGN_WRITER:
        return "foreign_writer";
    case contract::DROP_IO_URING:
        return "io_uring";
    case contract::DROP_REASONS:
        break;
    }
    return "unknown";
}

std::string name_of(contract::resync_reason reason) {
    switch (reason) {
    case contract::RESYNC_PARSE_BUDGET:
        return "parse_budget";
    case contract::RESYNC_REQUEST_END:
        return "request_end";
    case contract::RESYNC_PIPELINE_FULL:
        return "pipeline_full";
    case contract::RESYNC_PREEMPTED:
        return "preempted";
    case contract::RESYNC_FOREIGN_WRITER:
        return "foreign_writer";
    case contract::RESYNC_IO_URING:
        return "io_uring";
    case contract::RESYNC_REASONS:
    case contract::RESYNC_TUNNEL:
        break;
    }
    return "unknown";
}

} // namespace event
