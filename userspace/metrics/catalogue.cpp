// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue.h"

#include <array>
#include <cstddef>

#include "metrics/catalogue_parts.h"

namespace metrics {
namespace {

using prometheus::MetricType;

std::vector<Metric> documented() {
    return {
        {Name::worker_requests,
         "gunicorn_worker_requests_total",
         MetricType::Counter,
         "Total number of requests processed by worker",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Counts responses whose final status line the kernel accepted; an interim response (1xx except 101) does "
         "not count. Equals the count of `gunicorn_worker_request_duration_seconds` in every scrape, and the sum of "
         "`gunicorn_worker_responses_total` except for responses that are being counted at that instant."},
        {Name::worker_request_duration,
         "gunicorn_worker_request_duration_seconds",
         MetricType::Histogram,
         "Request duration in seconds",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Measured from the first byte of the request (or from the end of the previous response on the same "
         "connection, if that is later) to the last byte of the response that the kernel accepted."},
        {Name::worker_memory,
         "gunicorn_worker_memory_bytes",
         MetricType::Gauge,
         "Memory usage of worker in bytes",
         {"worker_id"},
         Scope::target,
         kFirst,
         "The resident set size (`VmRSS`). Like every gauge of a worker, it disappears when the worker ends."},
        {Name::worker_cpu,
         "gunicorn_worker_cpu_percent",
         MetricType::Gauge,
         "CPU usage percentage of worker",
         {"worker_id"},
         Scope::target,
         kFirst,
         "User and system time over the last sampling interval; 100 is one core. Absent in a worker's first second."},
        {Name::worker_uptime,
         "gunicorn_worker_uptime_seconds",
         MetricType::Gauge,
         "Worker uptime in seconds",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Time since the worker was forked, including time in which the machine was suspended."},
        {Name::worker_failed_requests,
         "gunicorn_worker_failed_requests_total",
         MetricType::Counter,
         "Total number of failed requests",
         {"worker_id", "method", "endpoint", "status_code"},
         Scope::target,
         kFirst,
         "Counts responses with status 400 and above. Per worker and status, the series add up to "
         "`gunicorn_worker_responses_total` in every scrape; a response whose record was lost keeps `other` as "
         "method and endpoint."},
        {Name::worker_error_handling,
         "gunicorn_worker_error_handling_total",
         MetricType::Counter,
         "Total number of errors handled",
         {"worker_id", "method", "endpoint", "error_type"},
         Scope::target,
         kFirst,
         "Counts responses with status 500 and above, which are a subset of the failed requests; 4xx responses with "
         "which Gunicorn's own parser rejected a request; responses with a status below 400 that an exception "
         "cut off; and requests that an exception of the application ended without any response, which are also in "
         "`gunicorn_worker_requests_aborted_total` and in no other counter. `error_type` is the class of the exception "
         "behind the response: the exception that the worker was "
         "handling when it answered, otherwise one logged by the thread, greenlet or task that answered, or logged "
         "with the request's path. It is `unknown` if no evidence ties an exception to the response (for example, "
         "the application returned a 503 itself), if Gunicorn closed the connection after an exception that it does "
         "not log (an `OSError` with `EPIPE`, `ECONNRESET` or `ENOTCONN`, or `StopIteration`), or if Python's memory "
         "cannot be read. An error of the client's own socket and a `SystemExit` of Gunicorn's own are not errors of "
         "the application: the frame that raised decides. With `--python-unlogged` it "
         "can also be the exception that last passed through a framework, logged or not; a response for which "
         "nothing was raised is then not counted here. A name of more than 63 bytes is cut and ends in `…`. It is "
         "`other` "
         "once a worker has had more than 64 types."},
        {Name::worker_state,
         "gunicorn_worker_state",
         MetricType::Gauge,
         "Current state of worker",
         {"worker_id", "state", "timestamp"},
         Scope::target,
         kFirst,
         "Each living worker has one series with the value 1. `state` is `running`, `quit` (graceful shutdown) or "
         "`abort` (forced shutdown); `timestamp` is the Unix time at which the worker entered the state, so it "
         "changes only together with the state. `sum(gunicorn_worker_state{state=\"running\"})` is the number of "
         "running workers."},
        {Name::master_worker_restarts,
         "gunicorn_master_worker_restarts_total",
         MetricType::Counter,
         "Total number of worker restarts",
         {},
         Scope::target,
         kFirst,
         "Counts workers that ended while their master was alive and had to be replaced. Workers that end in a "
         "shutdown, because fewer workers are wanted (TTOU) or because of a failed boot do not count. "
         "`gunicorn_worker_exits_total` has the reasons."},
    };
}

std::vector<Metric> about_workers() {
    return {
        {Name::worker_responses,
         "gunicorn_worker_responses_total",
         MetricType::Counter,
         "Total number of responses sent by worker, by status code",
         {"worker_id", "status_code"},
         Scope::target,
         kFirst,
         "A status code appears with its first response. `status_code` is `unreadable` if the status line has no "
         "valid code."},
        {Name::worker_requests_aborted,
         "gunicorn_worker_requests_aborted_total",
         MetricType::Counter,
         "Total number of requests that ended without a response",
         {"worker_id", "by"},
         Scope::target,
         kFirst,
         "These requests are not part of any other request counter; if an exception of the application ended one, "
         "`gunicorn_worker_error_handling_total` has its class. `by` is `client` (the client closed or reset the "
         "connection first), `server` (the worker closed it) or `worker_exit`."},
        {Name::worker_responses_incomplete,
         "gunicorn_worker_responses_incomplete_total",
         MetricType::Counter,
         "Total number of responses that ended before they were complete",
         {"worker_id", "by"},
         Scope::target,
         kFirst,
         "These responses are also counted in `gunicorn_worker_requests_total`. `by` has the same values as for "
         "aborted requests."},
        {Name::worker_connections,
         "gunicorn_worker_connections_total",
         MetricType::Counter,
         "Total number of closed connections, by kind",
         {"worker_id", "kind"},
         Scope::target,
         kFirst,
         "`kind` is `http` (at least one response), `empty` (no bytes), `partial` (bytes, but no complete request "
         "head and no response), `aborted` (a request without a response), `tls` and `http2` (not decoded), `opaque` "
         "(the response was not HTTP/1) or `adopted` (open before the exporter started and not used again)."},
        {Name::worker_pipelined_unserved,
         "gunicorn_worker_pipelined_unserved_total",
         MetricType::Counter,
         "Total number of pipelined requests that were read and never answered",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Some worker classes discard what a client sends behind the first request; such requests are not counted "
         "elsewhere."},
        {Name::worker_protocol_errors,
         "gunicorn_worker_protocol_errors_total",
         MetricType::Counter,
         "Total number of times that a worker sent what answers no request, by kind",
         {"worker_id", "kind"},
         Scope::target,
         kFirst,
         "`kind` is `unexpected_response` (it begins like a response) or `unexpected_bytes` (anything else). Mostly an "
         "application's fault: a body behind a 204, a 304 or an answer to HEAD, which Gunicorn sends as it is. A "
         "client "
         "takes it for the next answer, or closes. It is part of no other counter; what is sent up to the next request "
         "counts once."},
        {Name::worker_heartbeat_age,
         "gunicorn_worker_heartbeat_age_seconds",
         MetricType::Gauge,
         "Time since the worker touched its heartbeat file",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Value at the time of the scrape. Gunicorn's master kills a worker when this exceeds `--timeout`. A sync "
         "worker touches the file around each request and every half timeout while idle, other worker classes touch "
         "it every second; a stuck thread of a gthread worker is not visible here."},
    };
}

std::vector<Metric> about_masters() {
    return {
        {Name::master_worker_spawns,
         "gunicorn_master_worker_spawns_total",
         MetricType::Counter,
         "Total number of workers that the master started while it was observed",
         {},
         Scope::target,
         kFirst,
         ""},
        {Name::worker_exits,
         "gunicorn_worker_exits_total",
         MetricType::Counter,
         "Total number of workers that ended, by reason",
         {"reason"},
         Scope::target,
         kFirst,
         "`reason` is `oom` (killed by the kernel's OOM killer), `timeout`, `boot_error` and `app_load_error` (exit "
         "codes 3 and 4), `graceful_timeout` (killed by the master because a graceful shutdown took too long), "
         "`killed` (SIGKILL from another process), `reload` (HUP), `scale_down` (TTOU or the control interface), "
         "`shutdown`, `winch`, "
         "`master_term` (terminated by the master without an observed signal to the master), `external_signal`, "
         "`crash` (any other signal), `self_exit` (exit code 0, for example max_requests), `orphan` (the master is "
         "gone) or `app_exit` (any other exit code)."},
        {Name::info,
         "gunicorn_info",
         MetricType::Gauge,
         "Gunicorn's version, worker class, Python, application and addresses; always 1",
         {"version", "worker_class", "python", "app", "bind", "age_source"},
         Scope::target,
         kFirst,
         "Describes the living master, or the youngest one while a successor (USR2) takes over. Values are read from "
         "the master's memory; what cannot be read comes from its command line, otherwise the label is empty. "
         "`python` lacks the micro version before 3.11 (`3.9`) and ends in `t` for a free-threaded build. "
         "`age_source` says where the age in `worker_id` comes from: `arbiter` is Gunicorn's own number for every "
         "living worker; with `fork_order` the exporter counts the forks that it has seen and ranks workers that "
         "already existed by their start, which gives too low an age if others had ended before. `app` is not "
         "repeated as a target label."},
    };
}

std::vector<Metric> about_the_exporter() {
    return {
        {Name::build_info,
         "gunicorn_bpf_exporter_build_info",
         MetricType::Gauge,
         "Versions of the exporter, of libbpf and of the running kernel; always 1",
         {"version", "libbpf", "kernel"},
         Scope::exporter,
         kFirst,
         ""},
        {Name::targets,
         "gunicorn_bpf_exporter_targets",
         MetricType::Gauge,
         "Number of observed Gunicorn masters that are alive",
         {},
         Scope::exporter,
         kFirst,
         "A master and its successor (USR2) count as one."},
        {Name::probe_attached,
         "gunicorn_bpf_exporter_probe_attached",
         MetricType::Gauge,
         "Whether a BPF program is attached to its hook (1) or not (0)",
         {"probe"},
         Scope::exporter,
         kFirst,
         ""},
        {Name::events_lost,
         "gunicorn_bpf_exporter_events_lost_total",
         MetricType::Counter,
         "Total number of events that the BPF programs could not process, by reason",
         {"reason"},
         Scope::exporter,
         kFirst,
         "If every reason is 0, nothing was missed. `ring_full` (user space read records too slowly), "
         "`pipeline_full` (too many requests were read ahead) and `request_end` (requests behind one whose end is "
         "not known) lose labels only, never counts. The requests of a connection are no longer observed after "
         "`connections_full` (raise --max-connections), `unreadable_buffer`, `unreadable_message`, "
         "`unsupported_syscall` (sendmmsg, recvmmsg) and `framing` (sendfile within a head). `32bit_syscall` counts "
         "calls of 32-bit processes, which are not read. `parse_budget` (one system call carried more than 30,000 "
         "chunks or 500 kB of head) loses the place within one message: its response is counted, and the next "
         "request is decoded again. A worker is not observed after `processes_full` (raise --max-processes) and "
         "`pid_range` (pid_max was raised at run time); a listener is not observed after `listeners_full` (32 of "
         "one process). `arrivals_full`, `gc_full` and `imports_full` lose single waits, pauses and imports, "
         "`python_walk` and `raises_full` an error type. `preempted` (the kernel let another thread run in the "
         "middle of a program) loses the place within one message. `foreign_writer` and `io_uring` are requests that a "
         "process which is no descendant of the worker, or io_uring, has answered: how is not known. `totals_torn` "
         "delays counts, and "
         "`dead_workers_dropped` ends series of ended workers before the retention time. `threads_full` and "
         "`traces_dropped` occur only while requests are traced. `program_busy` counts program runs that the kernel "
         "skipped; it should stay 0. See [events-lost.md](events-lost.md)."},
        {Name::connections_resynchronized,
         "gunicorn_bpf_exporter_connections_resynchronized_total",
         MetricType::Counter,
         "Total number of times that the place in a connection was lost and found again, by reason",
         {"reason"},
         Scope::exporter,
         kFirst,
         "`reason` is `foreign_writer`, `io_uring`, `parse_budget`, `pipeline_full`, `preempted` (see "
         "`gunicorn_bpf_exporter_events_lost_total`) or "
         "`request_end` "
         "(the end of a request could not be told: servers read such a head differently). What was lost is in "
         "`gunicorn_bpf_exporter_events_lost_total`; from the next request on everything counts again."},
        {Name::map_entries,
         "gunicorn_bpf_exporter_map_entries",
         MetricType::Gauge,
         "Number of entries in a BPF map",
         {"map"},
         Scope::exporter,
         kFirst,
         ""},
        {Name::map_capacity,
         "gunicorn_bpf_exporter_map_capacity",
         MetricType::Gauge,
         "Maximum number of entries in a BPF map",
         {"map"},
         Scope::exporter,
         kFirst,
         ""},
        {Name::bpf_run_time,
         "gunicorn_bpf_exporter_bpf_run_time_seconds_total",
         MetricType::Counter,
         "Total run time of a BPF program, as counted by the kernel's BPF statistics",
         {"program"},
         Scope::exporter,
         kFirst,
         "Absent unless `sysctl kernel.bpf_stats_enabled=1` is set."},
        {Name::endpoint_values_refused,
         "gunicorn_bpf_exporter_endpoint_values_refused_total",
         MetricType::Counter,
         "Total number of responses recorded with endpoint \"other\" because the endpoint limit was reached",
         {},
         Scope::target,
         kFirst,
         "See `--endpoint-limit` and `--route`."},
        {Name::python,
         "gunicorn_bpf_exporter_python",
         MetricType::Gauge,
         "Number of Gunicorn masters by Python layout support",
         {"version", "layout"},
         Scope::exporter,
         kFirst,
         "`layout` is `ok`; `unsupported`, if the data structures of this Python version are not known; or `failed`, "
         "if it is not CPython or its memory cannot be read. Unless it is `ok`, every `error_type` is `unknown`, and "
         "the log says why."},
        {Name::python_probes,
         "gunicorn_bpf_exporter_python_probes",
         MetricType::Gauge,
         "Number of Gunicorn masters by state of the probes in their Python",
         {"probe", "state"},
         Scope::exporter,
         kFirst,
         "`probe` is `gc` (pauses of the garbage collector), `raise` (with `--python-unlogged`) or `import` (with "
         "`--python-imports`). `state` is `attached` or `absent`; a probe is absent if this build of Python has no "
         "suitable place for it, or only one where a probe would be slow. The log says which."},
        {Name::snapshot_duration,
         "gunicorn_bpf_exporter_snapshot_duration_seconds",
         MetricType::Gauge,
         "Time taken to collect the data of this scrape",
         {},
         Scope::exporter,
         kFirst,
         ""},
        {Name::sampling_duration,
         "gunicorn_bpf_exporter_sampling_duration_seconds",
         MetricType::Gauge,
         "Time taken by the last sampling of memory, CPU and open files of all masters and workers",
         {},
         Scope::exporter,
         kFirst,
         ""},
        {Name::config_reload_successful,
         "gunicorn_bpf_exporter_config_last_reload_successful",
         MetricType::Gauge,
         "Whether the last reload of the web configuration succeeded (1) or the previous configuration was kept (0)",
         {},
         Scope::exporter,
         kFirst,
         "Applies to `--web.config.file`, which is read at start, on SIGHUP, on `POST /-/reload`, and when it or a "
         "file that it names changes. The log says what is wrong."},
        {Name::config_reload_success_time,
         "gunicorn_bpf_exporter_config_last_reload_success_timestamp_seconds",
         MetricType::Gauge,
         "Unix time of the last successful load of the web configuration",
         {},
         Scope::exporter,
         kFirst,
         ""},
    };
}

std::vector<Metric> all() {
    auto metrics = documented();
    for (auto* part : {&about_workers, &about_errors, &about_saturation, &about_python, &about_processes,
                       &about_masters, &about_the_exporter, &about_own_process, &about_custom_metrics})
        for (auto& metric : part()) metrics.push_back(std::move(metric));
    return metrics;
}

} // namespace

std::span<const Metric> catalogue() {
    static const std::vector<Metric> metrics = all();
    return metrics;
}

const Metric& metric(Name name) { return catalogue()[static_cast<std::size_t>(name)]; }

} // namespace metrics
