// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_saturation() {
    return {
        {Name::workers,
         "gunicorn_workers",
         MetricType::Gauge,
         "Number of living workers that have a request in flight (busy) or none (idle)",
         {"state"},
         Scope::target,
         kFirst,
         "As of the scrape. Not with `--no-collector.activity`."},
        {Name::worker_busy,
         "gunicorn_worker_busy_seconds_total",
         MetricType::Counter,
         "Total time during which the worker had a request in flight",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Up to the scrape, with the stretch that lasts. Its rate is the utilisation, 0 to 1, also of a worker that "
         "waits "
         "for a database; of a worker with many threads or an event loop, the share of time with at least one "
         "request. Not with `--no-collector.activity`."},
        {Name::worker_in_flight,
         "gunicorn_worker_requests_in_flight",
         MetricType::Gauge,
         "Number of requests that the worker has begun to read and not answered",
         {"worker_id"},
         Scope::target,
         kFirst,
         "One for each connection: pipelined requests wait behind it. A thread of gthread that is stuck shows here. "
         "Not "
         "with `--no-collector.activity`."},
        {Name::worker_threads,
         "gunicorn_worker_threads",
         MetricType::Gauge,
         "Number of threads of the worker, those of the application included",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Of the operating system, from `/proc/<pid>/status`: the main thread, the pool of gthread as far as it has "
         "been "
         "started, and others."},
        {Name::worker_open_connections,
         "gunicorn_worker_open_connections",
         MetricType::Gauge,
         "Number of accepted connections that are open",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Idle ones included (keep-alive, clients that have not sent anything). Not with `--no-collector.activity`."},
        {Name::listener_backlog,
         "gunicorn_listener_backlog",
         MetricType::Gauge,
         "Number of connections that wait to be accepted",
         {"listener"},
         Scope::target,
         kFirst,
         "As of the scrape, read from the kernel's socket. `listener` as Gunicorn writes it: `127.0.0.1:8000`, "
         "`unix:/run/app.sock`. Sockets that share an address (`--reuse-port`) are added up. Not with "
         "`--no-collector.backlog`."},
        {Name::listener_backlog_limit,
         "gunicorn_listener_backlog_limit",
         MetricType::Gauge,
         "Number of connections that may wait to be accepted",
         {"listener"},
         Scope::target,
         kFirst,
         "What `listen()` was given (`--backlog`), at most `net.core.somaxconn`. Linux lets one more in."},
        {Name::listener_dropped,
         "gunicorn_listener_dropped_total",
         MetricType::Counter,
         "Total number of connection attempts that the kernel dropped at the listener",
         {"listener"},
         Scope::target,
         kFirst,
         "TCP: mostly since the queue was full; the client tries again after a second or more. The client of a full "
         "unix "
         "socket waits or is refused, which the kernel does not count. Begins anew with a new socket."},
        {Name::request_queue,
         "gunicorn_request_queue_seconds",
         MetricType::Histogram,
         "Time that connections waited for a worker",
         {"worker_id", "place"},
         Scope::target,
         kFirst,
         "`place`: `accept_queue`, from the end of the handshake (of a unix socket: from the client's `connect()`) "
         "until "
         "the "
         "worker has accepted; `first_read`, from there, or from the last packet that came before if that was later, "
         "until "
         "the "
         "worker asks for the first bytes: the wait for a thread of gthread's pool, or for a busy event loop. Counts "
         "connections, not requests, and only those that came while the exporter ran. Not with "
         "`--no-collector.waits`."},
        {Name::worker_first_byte,
         "gunicorn_worker_time_to_first_byte_seconds",
         MetricType::Histogram,
         "Time from the first byte of a request to the first byte of its response",
         {"worker_id"},
         Scope::target,
         kFirst,
         "As accepted by the kernel; interim responses (1xx) are none. The difference to the duration is the time in "
         "which "
         "the response was written: a slow reader, or a streaming application. Counts what "
         "`gunicorn_worker_requests_total` counts. Not with `--no-collector.sizes`."},
        {Name::worker_request_size,
         "gunicorn_worker_request_size_bytes",
         MetricType::Histogram,
         "Size of requests",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Head and body, as far as the worker had read them when its response was complete. Not with "
         "`--no-collector.sizes`."},
        {Name::worker_response_size,
         "gunicorn_worker_response_size_bytes",
         MetricType::Histogram,
         "Size of responses",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Head and body, as far as the kernel accepted them, `sendfile()` included. Not with `--no-collector.sizes`."},
        {Name::http_requests,
         "gunicorn_http_requests_total",
         MetricType::Counter,
         "Total number of responses by route",
         {"method", "endpoint", "status_code"},
         Scope::target,
         kFirst,
         "With `--routes` only. Of all workers of the target, ended ones too; sums to what they counted while the "
         "exporter "
         "ran. Endpoints as in the failed requests, under the same limit. A response whose record was lost has method "
         "and "
         "endpoint `other`."},
        {Name::http_request_duration,
         "gunicorn_http_request_duration_seconds",
         MetricType::Histogram,
         "Request duration in seconds by route",
         {"method", "endpoint"},
         Scope::target,
         kFirst,
         "With `--routes` only. As `gunicorn_worker_request_duration_seconds`."},
    };
}

} // namespace metrics
