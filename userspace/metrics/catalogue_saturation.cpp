// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_saturation() {
    return {
        {Name::workers,
         "gunicorn_workers",
         MetricType::Gauge,
         "Number of workers that serve somebody (busy) or nobody (idle)",
         {"state"},
         Scope::target,
         kFirst,
         "Value at the time of the scrape. A worker is busy while a request is in flight. A sync worker, and each "
         "thread of a gthread worker, serves one connection at a time: they are busy with it from their first read "
         "until they close it or, on gthread, give it back to wait for the next request. That includes the wait for "
         "a slow client, what the application does in `close()` behind the response's last byte, and a WebSocket "
         "behind its 101. Where Gunicorn's worker class is not known, only requests in flight are seen. Absent with "
         "`--no-collector.activity`."},
        {Name::worker_busy,
         "gunicorn_worker_busy_seconds_total",
         MetricType::Counter,
         "Total time during which the worker was busy",
         {"worker_id"},
         Scope::target,
         kFirst,
         "As `gunicorn_workers` says it. Includes a busy period that is still going on at the time of the scrape. "
         "The rate is the worker's utilisation, from 0 to 1, and includes time spent waiting for a database. For a "
         "worker with several threads it is the share of time in which at least one of them was busy, for an event "
         "loop the share with at least one request in flight: an open WebSocket does not keep an event loop from "
         "serving others. Absent with `--no-collector.activity`."},
        {Name::worker_in_flight,
         "gunicorn_worker_requests_in_flight",
         MetricType::Gauge,
         "Number of requests that the worker has started to read and not yet answered",
         {"worker_id"},
         Scope::target,
         kFirst,
         "At most one per connection, because pipelined requests wait for the one in front. A stuck thread of a "
         "gthread worker is visible here. Absent with `--no-collector.activity`."},
        {Name::worker_threads,
         "gunicorn_worker_threads",
         MetricType::Gauge,
         "Number of threads of the worker, including the application's own",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Operating system threads from `/proc/<pid>/status`: the main thread, the started part of gthread's pool, "
         "and any others."},
        {Name::worker_open_connections,
         "gunicorn_worker_open_connections",
         MetricType::Gauge,
         "Number of accepted connections that are open",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Includes idle connections (keep-alive, clients that have not sent anything). Absent with "
         "`--no-collector.activity`."},
        {Name::worker_open_streams,
         "gunicorn_worker_open_streams",
         MetricType::Gauge,
         "Number of responses without a length that are being sent",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Event streams, answers of generators, long polls that have begun to answer: responses whose head has been "
         "sent without a Content-Length, chunked or until the connection ends, and whose end has not. An ordinary "
         "page that is sent in chunks is one for as long as that takes. Those that were open before the exporter was"
         " started are not counted. Absent with `--no-collector.activity`."},
        {Name::worker_streams_ended,
         "gunicorn_worker_streams_ended_total",
         MetricType::Counter,
         "Total number of ended streams",
         {"worker_id", "by"},
         Scope::target,
         kFirst,
         "Of those that `gunicorn_worker_open_streams` counted. `by` is `complete` (the server sent the end; without"
         " chunks: it closed), `client` (the client left before), `server` (the worker closed before the end: mostly"
         " an exception in the generator) or `worker_exit`. The last three are in "
         "`gunicorn_worker_responses_incomplete_total`, too. Absent with `--no-collector.activity`."},
        {Name::worker_stream_lifetime,
         "gunicorn_worker_stream_lifetime_seconds",
         MetricType::Histogram,
         "Time for which ended streams were open",
         {"worker_id"},
         Scope::target,
         kFirst,
         "From the head to the last byte, or to the moment at which the worker closed the connection or ended. "
         "Counts what `gunicorn_worker_streams_ended_total` counts. Absent with `--no-collector.activity`."},
        {Name::worker_websockets,
         "gunicorn_worker_websockets",
         MetricType::Gauge,
         "Number of open WebSockets",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Connections that were answered with 101 and `Upgrade: websocket` and are open, without those that were "
         "before the exporter was started. On sync and gthread each occupies the worker or a thread: the worker is "
         "busy. Absent with `--no-collector.activity`."},
        {Name::worker_websockets_ended,
         "gunicorn_worker_websockets_ended_total",
         MetricType::Counter,
         "Total number of ended WebSockets",
         {"worker_id", "by"},
         Scope::target,
         kFirst,
         "`by` is `client` or `server`, whichever sent a Close frame first or, without one, closed the connection "
         "first; or `worker_exit`. Absent with `--no-collector.activity`."},
        {Name::worker_websocket_lifetime,
         "gunicorn_worker_websocket_lifetime_seconds",
         MetricType::Histogram,
         "Time for which ended WebSockets were open",
         {"worker_id"},
         Scope::target,
         kFirst,
         "From the 101 to the end of the connection. Counts what `gunicorn_worker_websockets_ended_total` counts. "
         "Absent with `--no-collector.activity`."},
        {Name::listener_backlog,
         "gunicorn_listener_backlog",
         MetricType::Gauge,
         "Number of connections waiting to be accepted",
         {"listener"},
         Scope::target,
         kFirst,
         "Value at the time of the scrape, read from the kernel's socket. `listener` is written as Gunicorn writes "
         "it: `127.0.0.1:8000`, `unix:/run/app.sock`. Sockets that share an address (`--reuse-port`) are added up. "
         "Absent with `--no-collector.backlog`."},
        {Name::listener_backlog_limit,
         "gunicorn_listener_backlog_limit",
         MetricType::Gauge,
         "Maximum number of connections that may wait to be accepted",
         {"listener"},
         Scope::target,
         kFirst,
         "The value passed to `listen()` (`--backlog`), at most `net.core.somaxconn`. Linux admits one more."},
        {Name::listener_dropped,
         "gunicorn_listener_dropped_total",
         MetricType::Counter,
         "Total number of connection attempts that the kernel dropped at the listener",
         {"listener"},
         Scope::target,
         kFirst,
         "On TCP, mostly because the queue was full; the client tries again after a second or more. The client of a "
         "full unix socket waits or is refused, which the kernel does not count. Starts at 0 with a new socket."},
        {Name::request_queue,
         "gunicorn_request_queue_seconds",
         MetricType::Histogram,
         "Time that connections and requests waited for a worker",
         {"worker_id", "place"},
         Scope::target,
         kFirst,
         "`place` is `accept_queue`, from the end of the handshake (on a unix socket: from the client's `connect()`) "
         "until the worker has accepted the connection; `first_read`, from then (or from the first data, if that came "
         "later) until the worker reads the first bytes, which is the wait for a thread of gthread's pool or for a "
         "busy "
         "event loop; or `next_read`, of each later request on the connection, from the arrival of its bytes until the "
         "worker reads them. `accept_queue` and `first_read` count connections, of unix sockets only those that "
         "connected while the exporter was running; `next_read` counts requests. What is not known exactly is left "
         "out: "
         "the first read of more than a window (mostly 64 KiB) that came after `accept()`; later requests on unix "
         "sockets and on connections that are older than the exporter, pipelined ones, and those of which two or more "
         "segments had come before the read. A later request to which other packets followed before the read is exact "
         "to a tick of the "
         "kernel (1 to 10 ms). What is left out is in `gunicorn_request_queue_unknown_total`, but for pipelined "
         "requests. Absent with `--no-collector.waits`."},
        {Name::request_queue_unknown,
         "gunicorn_request_queue_unknown_total",
         MetricType::Counter,
         "Total number of waits for a worker of which the length is not known",
         {"worker_id", "place"},
         Scope::target,
         kFirst,
         "`place` is as in `gunicorn_request_queue_seconds`, which has the waits that are known: the two together are "
         "all connections, or later requests. If this is a large share of them, as on unix sockets with kept "
         "connections, the histogram speaks for the smaller part only. Absent with `--no-collector.waits`."},
        {Name::worker_first_byte,
         "gunicorn_worker_time_to_first_byte_seconds",
         MetricType::Histogram,
         "Time from the first byte of a request to the first byte of its response",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Up to the first byte that the kernel accepted; interim responses (1xx) do not count. The difference to the "
         "duration is the time in which the response was written, which is long for a slow reader or a streaming "
         "application. Counts the same requests as `gunicorn_worker_requests_total`. Absent with "
         "`--no-collector.sizes`."},
        {Name::worker_request_size,
         "gunicorn_worker_request_size_bytes",
         MetricType::Histogram,
         "Size of requests",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Head and body, as far as the worker had read them when the response was complete. Absent with "
         "`--no-collector.sizes`."},
        {Name::worker_response_size,
         "gunicorn_worker_response_size_bytes",
         MetricType::Histogram,
         "Size of responses",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Head and body, as far as the kernel accepted them, including `sendfile()`. Absent with "
         "`--no-collector.sizes`."},
        {Name::http_requests,
         "gunicorn_http_requests_total",
         MetricType::Counter,
         "Total number of responses by route",
         {"method", "endpoint", "status_code"},
         Scope::target,
         kFirst,
         "Present with `--routes`. Covers all workers of the target, including those that have ended, and adds up to "
         "what they counted while the exporter was running. Endpoints are those of the failed requests, under the "
         "same limit. A response whose record was lost has `other` as method and endpoint."},
        {Name::http_request_duration,
         "gunicorn_http_request_duration_seconds",
         MetricType::Histogram,
         "Request duration in seconds by route",
         {"method", "endpoint"},
         Scope::target,
         kFirst,
         "Present with `--routes`. Measured like `gunicorn_worker_request_duration_seconds`."},
    };
}

} // namespace metrics
