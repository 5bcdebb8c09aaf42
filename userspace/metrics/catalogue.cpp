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
         "Responses whose final status line the kernel accepted; 1xx except 101 are no responses. Equals the count of "
         "`gunicorn_worker_request_duration_seconds` in every scrape, and the sum of `gunicorn_worker_responses_total` "
         "up "
         "to responses that are being counted at that instant."},
        {Name::worker_request_duration,
         "gunicorn_worker_request_duration_seconds",
         MetricType::Histogram,
         "Request duration in seconds",
         {"worker_id"},
         Scope::target,
         kFirst,
         "From the first byte of the request (or the end of the previous response on its connection, if later) to the "
         "last byte of the response that the kernel accepted."},
        {Name::worker_memory,
         "gunicorn_worker_memory_bytes",
         MetricType::Gauge,
         "Memory usage of worker in bytes",
         {"worker_id"},
         Scope::target,
         kFirst,
         "The resident set (`VmRSS`). Gone when the worker has ended, like every gauge of a worker."},
        {Name::worker_cpu,
         "gunicorn_worker_cpu_percent",
         MetricType::Gauge,
         "CPU usage percentage of worker",
         {"worker_id"},
         Scope::target,
         kFirst,
         "User and system time over the last sampling interval; 100 is one core. Absent until two samples exist."},
        {Name::worker_uptime,
         "gunicorn_worker_uptime_seconds",
         MetricType::Gauge,
         "Worker uptime in seconds",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Since the fork, including time in which the machine was suspended."},
        {Name::worker_failed_requests,
         "gunicorn_worker_failed_requests_total",
         MetricType::Counter,
         "Total number of failed requests",
         {"worker_id", "method", "endpoint", "status_code"},
         Scope::target,
         kFirst,
         "Responses of status 400 and above. For each worker and status they sum to `gunicorn_worker_responses_total` "
         "in "
         "every scrape; a response whose record was lost has method and endpoint `other` for good."},
        {Name::worker_error_handling,
         "gunicorn_worker_error_handling_total",
         MetricType::Counter,
         "Total number of errors handled",
         {"worker_id", "method", "endpoint", "error_type"},
         Scope::target,
         kFirst,
         "Responses of status 500 and above, a subset of the failed requests; of 4xx those that Gunicorn's own parser "
         "refused; and responses of status below 400 that an exception ended before their end. `error_type` is the "
         "class of "
         "the exception behind the response: the one that the worker was handling when it answered, else the one that "
         "was logged by the thread, greenlet or task that answered, or with the request's path. `unknown`: nothing "
         "ties "
         "an exception to the response, as behind a 503 that the application sent by itself, or Python cannot be read. "
         "With `--python-unlogged`, also the one that passed a framework last, logged or not; then an answer that "
         "nothing was raised for counts nothing here. `other`: a worker has had more than 64 types."},
        {Name::worker_state,
         "gunicorn_worker_state",
         MetricType::Gauge,
         "Current state of worker",
         {"worker_id", "state", "timestamp"},
         Scope::target,
         kFirst,
         "One series with the value 1 for each living worker. `state` is `running`, `quit` (ends gracefully) or "
         "`abort` "
         "(is ended forcefully); `timestamp` is the unix time at which it was entered, so it changes with the state "
         "only. "
         "`sum(gunicorn_worker_state{state=\"running\"})` is the number of running workers."},
        {Name::master_worker_restarts,
         "gunicorn_master_worker_restarts_total",
         MetricType::Counter,
         "Total number of worker restarts",
         {},
         Scope::target,
         kFirst,
         "Workers that ended while their master lived and had to be replaced: not those of a shutdown, of fewer "
         "workers wanted (TTOU) or of a failed boot. Reasons are in `gunicorn_worker_exits_total`."},
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
         "A code appears with its first response. `status_code` is `unreadable` for a status line without one."},
        {Name::worker_requests_aborted,
         "gunicorn_worker_requests_aborted_total",
         MetricType::Counter,
         "Total number of requests that ended without a response",
         {"worker_id", "by"},
         Scope::target,
         kFirst,
         "In no other counter of requests. `by` is `client` (closed or reset first), `server` (closed the connection) "
         "or `worker_exit`."},
        {Name::worker_responses_incomplete,
         "gunicorn_worker_responses_incomplete_total",
         MetricType::Counter,
         "Total number of responses that ended before they were complete",
         {"worker_id", "by"},
         Scope::target,
         kFirst,
         "Counted in `gunicorn_worker_requests_total` too. `by` as for aborted requests."},
        {Name::worker_connections,
         "gunicorn_worker_connections_total",
         MetricType::Counter,
         "Total number of connections that ended, by what they turned out to be",
         {"worker_id", "kind"},
         Scope::target,
         kFirst,
         "`kind` is `http` (at least one response), `empty` (no byte came), `partial` (bytes, no complete request "
         "head, "
         "no response), `aborted` (a request without response), `tls` and `http2` (not seen into), `opaque` (the "
         "answer was not HTTP/1) or `adopted` (open before the exporter started, not used again)."},
        {Name::worker_pipelined_unserved,
         "gunicorn_worker_pipelined_unserved_total",
         MetricType::Counter,
         "Total number of pipelined requests that were read and never answered",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Some worker classes drop what a client sends behind the first request; these are no requests elsewhere."},
        {Name::worker_heartbeat_age,
         "gunicorn_worker_heartbeat_age_seconds",
         MetricType::Gauge,
         "Time since the worker touched its heartbeat file",
         {"worker_id"},
         Scope::target,
         kFirst,
         "As of the scrape. Gunicorn's master ends a worker when this exceeds `--timeout`. A sync worker touches the "
         "file "
         "around each request and every half timeout while idle, the others every second; a thread of gthread that is "
         "stuck does not show here."},
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
         "`reason`: `oom`; `timeout`; `boot_error` and `app_load_error` (exit codes 3 and 4); `graceful_timeout` "
         "(killed "
         "by the master after a graceful end took too long); `killed` (SIGKILL from elsewhere); `reload` (HUP); "
         "`scale_down` (TTOU); `shutdown`; `winch`; `master_term` (by the master, for no signal that was seen); "
         "`external_signal`; `crash` (another signal); `self_exit` (exit code 0, such as max_requests); `orphan` (its "
         "master is gone); `app_exit` (any other exit code)."},
        {Name::info,
         "gunicorn_info",
         MetricType::Gauge,
         "Gunicorn's version, worker class, Python, application and addresses; always 1",
         {"version", "worker_class", "python", "app", "bind", "age_source"},
         Scope::target,
         kFirst,
         "Of the living master, the youngest one while a successor (USR2) takes over. Read from the master's memory; "
         "what cannot be read is taken from its command line, else empty. `python` is `3.9` without the last number "
         "before 3.11, with a `t` at the end when free-threaded. `age_source` says where the age in `worker_id` comes "
         "from: `arbiter`, Gunicorn's own number for every living worker, or `fork_order`, counted from the forks that "
         "were seen and, for workers that were there before, ranked by their start: too low if others had ended "
         "already. `app` is not repeated as a target label."},
    };
}

std::vector<Metric> about_the_exporter() {
    return {
        {Name::build_info,
         "gunicorn_bpf_exporter_build_info",
         MetricType::Gauge,
         "Version of the exporter, of libbpf and of the running kernel; always 1",
         {"version", "libbpf", "kernel"},
         Scope::exporter,
         kFirst,
         ""},
        {Name::targets,
         "gunicorn_bpf_exporter_targets",
         MetricType::Gauge,
         "Number of observed Gunicorns whose master lives",
         {},
         Scope::exporter,
         kFirst,
         "A master and its successor (USR2) are one."},
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
         "Total number of times the kernel side had to give something up, by reason",
         {"reason"},
         Scope::exporter,
         kFirst,
         "0 for every reason means that nothing was missed. Only labels are lost, never counts, by `ring_full` (user "
         "space was too slow for records) and `pipeline_full` (too many requests read ahead of their turn). Requests "
         "of "
         "one connection are not seen after `connections_full` (raise --max-connections), `parse_budget` (one system "
         "call carried more head or chunks than may be walked), `unreadable_buffer`, `unsupported_syscall` "
         "(sendmmsg, recvmmsg) and `framing` (sendfile within a head). A worker is not seen after `processes_full` "
         "(raise "
         "--max-processes) and `pid_range` (pid_max was raised while running); a listener after `listeners_full`. "
         "`threads_full` happens while requests are traced only. "
         "`program_busy` counts calls that the kernel left out; it should never happen."},
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
         "Number of entries that a BPF map has room for",
         {"map"},
         Scope::exporter,
         kFirst,
         ""},
        {Name::bpf_run_time,
         "gunicorn_bpf_exporter_bpf_run_time_seconds_total",
         MetricType::Counter,
         "Total time that a BPF program ran, while the kernel keeps such statistics",
         {"program"},
         Scope::exporter,
         kFirst,
         "Absent unless `sysctl kernel.bpf_stats_enabled=1` is set."},
        {Name::endpoint_values_refused,
         "gunicorn_bpf_exporter_endpoint_values_refused_total",
         MetricType::Counter,
         "Total number of responses whose endpoint became \"other\" because the limit of endpoints was reached",
         {},
         Scope::target,
         kFirst,
         "See `--endpoint-limit` and `--route`."},
        {Name::python,
         "gunicorn_bpf_exporter_python",
         MetricType::Gauge,
         "Number of Gunicorns by what can be read of their Python",
         {"version", "layout"},
         Scope::exporter,
         kFirst,
         "`layout`: `ok`; `unsupported`, a version of Python whose data structures are not known; `failed`, no CPython "
         "or not "
         "to be read. Without `ok` every `error_type` is `unknown`; a log line says why."},
        {Name::python_probes,
         "gunicorn_bpf_exporter_python_probes",
         MetricType::Gauge,
         "Number of Gunicorns by whether a probe is attached to their Python",
         {"probe", "state"},
         Scope::exporter,
         kFirst,
         "`probe`: `gc`, for the pauses of the garbage collector; `raise`, with `--python-unlogged`; `import`, with "
         "`--python-imports`. `state`: `attached`; `absent`, this build of Python has no place for it, or none where a "
         "probe is cheap: a log line says which."},
        {Name::snapshot_duration,
         "gunicorn_bpf_exporter_snapshot_duration_seconds",
         MetricType::Gauge,
         "Time that it took to collect what this scrape shows",
         {},
         Scope::exporter,
         kFirst,
         ""},
        {Name::sampling_duration,
         "gunicorn_bpf_exporter_sampling_duration_seconds",
         MetricType::Gauge,
         "Time that the last reading of memory and CPU of all workers took",
         {},
         Scope::exporter,
         kFirst,
         ""},
        {Name::config_reload_successful,
         "gunicorn_bpf_exporter_config_last_reload_successful",
         MetricType::Gauge,
         "Whether the last reading of the web configuration succeeded (1) or left the one before in force (0)",
         {},
         Scope::exporter,
         kFirst,
         "Of `--web.config.file`, which is read at start, on SIGHUP, and when it or a file that it names changes. A "
         "log "
         "line says what is wrong."},
        {Name::config_reload_success_time,
         "gunicorn_bpf_exporter_config_last_reload_success_timestamp_seconds",
         MetricType::Gauge,
         "Unix time of the last reading of the web configuration that succeeded",
         {},
         Scope::exporter,
         kFirst,
         ""},
    };
}

std::vector<Metric> all() {
    auto metrics = documented();
    for (auto* part :
         {&about_workers, &about_saturation, &about_python, &about_masters, &about_the_exporter, &about_custom_metrics})
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
