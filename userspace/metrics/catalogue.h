// SPDX-License-Identifier: BSD-2-Clause
// Every metric that is served, once: what the scrape says, what the reference page says and what the tests compare.
#pragma once

#include <prometheus/metric_type.h>

#include <span>
#include <string_view>
#include <vector>

namespace metrics {

enum class Name {
    worker_requests,
    worker_request_duration,
    worker_memory,
    worker_cpu,
    worker_uptime,
    worker_failed_requests,
    worker_error_handling,
    worker_state,
    master_worker_restarts,
    worker_responses,
    worker_requests_aborted,
    worker_responses_incomplete,
    worker_connections,
    worker_pipelined_unserved,
    worker_protocol_errors,
    worker_heartbeat_age,
    worker_responses_by_class,
    worker_errors,
    failed_requests,
    errors,
    workers,
    worker_busy,
    worker_in_flight,
    worker_threads,
    worker_open_connections,
    worker_open_streams,
    worker_streams_ended,
    worker_stream_lifetime,
    worker_websockets,
    worker_websockets_ended,
    worker_websocket_lifetime,
    listener_backlog,
    listener_backlog_limit,
    listener_dropped,
    request_queue,
    request_queue_unknown,
    worker_first_byte,
    worker_request_size,
    worker_response_size,
    http_requests,
    http_request_duration,
    worker_gc_pause,
    worker_import_time,
    worker_imports,
    worker_info,
    worker_cpu_time,
    worker_open_fds,
    worker_max_fds,
    master_open_fds,
    master_max_fds,
    master_threads,
    master_memory,
    master_worker_spawns,
    worker_exits,
    info,
    build_info,
    targets,
    probe_attached,
    events_lost,
    connections_resynchronized,
    map_entries,
    map_capacity,
    bpf_run_time,
    endpoint_values_refused,
    python,
    python_probes,
    snapshot_duration,
    sampling_duration,
    config_reload_successful,
    config_reload_success_time,
    process_cpu_time,
    process_resident_memory,
    process_virtual_memory,
    process_start_time,
    process_open_fds,
    process_max_fds,
    process_threads,
    custom_files,
    custom_files_refused,
    custom_series_refused,
    custom_reading_duration,
};

enum class Scope {
    target,   // target labels are appended unless exactly one --pid was given
    exporter, // about the exporter itself: its own labels only
};

struct Metric {
    Name name;
    std::string_view text; // as in the exposition
    prometheus::MetricType type;
    std::string_view help;                // the text of the HELP line
    std::vector<std::string_view> labels; // in order of appearance, without le and target labels
    Scope scope;
    std::string_view since; // version of the exporter
    std::string_view notes; // for the reference page: what counts, values of labels; Markdown
};

// In order of Name: the documented nine first.
std::span<const Metric> catalogue();
const Metric& metric(Name name);

} // namespace metrics
