#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the dashboards to the directory of this file. Their content is described here, Grafana's format in grafana.py.

gunicorn.json shows each observed application as a whole, gunicorn-workers.json shows each worker.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from grafana import Panel, dashboard, variable  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent

# Selected by the variables at the top of a dashboard. With exactly one --pid there is no label `app`, and an empty value matches.
HOST = 'instance=~"$instance"'
TARGET = f'{HOST}, app=~"$app"'
WORKER = f'{TARGET}, worker_id=~"$worker"'


def rate(metric, labels, by=None):
    """Rate per second over Grafana's interval; summed by the given labels, or into one series for an empty string."""
    inner = f"rate({metric}{{{labels}}}[$__rate_interval])"
    return inner if by is None else f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def increase(metric, labels, by):
    return f"sum by ({by}) (increase({metric}{{{labels}}}[$__rate_interval]))"


def quantile(value, histogram, labels, by=""):
    return f"histogram_quantile({value}, sum by (le{', ' + by if by else ''}) ({rate(histogram + '_bucket', labels)}))"


def percentiles(histogram, labels):
    return [(quantile(value, histogram, labels), f"p{value * 100:.0f}") for value in (0.5, 0.95, 0.99)]


def failed_share(labels, by=""):
    """By classes, which are there before the first failure; no value without requests."""
    failed = rate("gunicorn_worker_responses_by_class_total", labels + ', class=~"4xx|5xx"', by)
    return f"{failed} / ({rate('gunicorn_worker_requests_total', labels, by)} > 0)"


# Divided by the number of living workers, because an average over series would count ended workers as idle.
UTILISATION = f"{rate('gunicorn_worker_busy_seconds_total', TARGET, 'app')} / sum by (app) (avg_over_time(gunicorn_workers{{{TARGET}}}[$__rate_interval]))"

# Workers of two Gunicorns, on two hosts or in two containers, may have the same id.
EACH = "instance, app, master_pid, pod, worker_id"
NAME = "{{worker_id}} {{app}} {{pod}} {{instance}}"
LISTENER = "{{listener}} {{app}} {{pod}} {{instance}}"

TARGETS = {
    "Now": [
        Panel("Requests per second", "reqps", [(rate("gunicorn_worker_requests_total", TARGET, ""), "")], "stat", 4, 4),
        Panel("Failed", "percentunit", [(failed_share(TARGET), "")], "stat", 4, 4,
              "Responses with status 400 and above"),
        Panel("Response time (p95)", "s", [(quantile(0.95, "gunicorn_worker_request_duration_seconds", TARGET), "")], "stat", 4, 4),
        Panel("Busy workers", "percentunit", [(f'sum(gunicorn_workers{{{TARGET}, state="busy"}}) / sum(gunicorn_workers{{{TARGET}}})', "")], "stat", 4, 4),
        Panel("Connections waiting", "short", [(f"sum(gunicorn_listener_backlog{{{TARGET}}})", "")], "stat", 4, 4,
              "Established, and not yet accepted by any worker"),
        Panel("Restarts in the last hour", "short", [(f"sum(increase(gunicorn_master_worker_restarts_total{{{TARGET}}}[1h]))", "")], "stat", 4, 4),
    ],
    "Requests": [
        Panel("Request rate", "reqps", [(rate("gunicorn_worker_requests_total", TARGET, "instance, app"), "{{app}} {{instance}}")]),
        Panel("Response time", "s", percentiles("gunicorn_worker_request_duration_seconds", TARGET),
              help="From the first byte of the request to the last byte of the response, without the time waiting to be accepted"),
        Panel("Error rate", "percentunit", [(failed_share(TARGET, "app"), "{{app}}")]),
        Panel("Response times", "s", [(f"sum by (le) ({rate('gunicorn_worker_request_duration_seconds_bucket', TARGET)})", "{{le}}")], "heatmap", 16),
        Panel("Responses by status", "reqps", [(rate("gunicorn_worker_responses_total", TARGET, "status_code"), "{{status_code}}")]),
        Panel("Exceptions", "reqps", [(rate("gunicorn_errors_total", TARGET, "error_type, endpoint"), "{{error_type}} {{endpoint}}")]),
        Panel("Failed requests by endpoint", "short", [
            (f"topk(20, sum by (method, endpoint, status_code) (increase(gunicorn_failed_requests_total{{{TARGET}}}[$__range])))", ""),
        ], "table", help="Over the selected time range"),
        Panel("Request rate by endpoint", "reqps", [(rate("gunicorn_http_requests_total", TARGET, "endpoint"), "{{endpoint}}")], help="With --routes"),
        Panel("First byte and last byte (p95)", "s", [
            (quantile(0.95, "gunicorn_worker_time_to_first_byte_seconds", TARGET), "first byte"),
            (quantile(0.95, "gunicorn_worker_request_duration_seconds", TARGET), "last byte")],
            help="A gap between them means slow clients or large responses; without a gap the application is slow"),
        Panel("Response time by endpoint (p95)", "s", [(quantile(0.95, "gunicorn_http_request_duration_seconds", TARGET, "endpoint"), "{{endpoint}}")], help="With --routes"),
        Panel("Aborted requests and incomplete responses", "reqps", [
            (rate("gunicorn_worker_requests_aborted_total", TARGET, "by"), "aborted by {{by}}"),
            (rate("gunicorn_worker_responses_incomplete_total", TARGET, "by"), "incomplete by {{by}}")]),
    ],
    "Saturation": [
        Panel("Utilisation", "percentunit", [(UTILISATION, "{{app}}")],
              help="Share of time in which a worker had a request in flight"),
        Panel("Busy and idle workers", "short", [(f"sum by (state) (gunicorn_workers{{{TARGET}}})", "{{state}}")]),
        Panel("Requests in flight", "short", [(f"sum by (app) (gunicorn_worker_requests_in_flight{{{TARGET}}})", "{{app}}")]),
        Panel("Connections waiting to be accepted", "short", [
            (f"gunicorn_listener_backlog{{{TARGET}}}", LISTENER), (f"gunicorn_listener_backlog_limit{{{TARGET}}}", "limit of " + LISTENER)]),
        Panel("Waiting time (p95)", "s", [(quantile(0.95, "gunicorn_request_queue_seconds", TARGET, "place"), "{{place}}")],
              help="In the listener's queue, and between accept and the first read. Not part of the request duration"),
        Panel("Connections dropped by the kernel", "short", [(f"increase(gunicorn_listener_dropped_total{{{TARGET}}}[$__rate_interval])", LISTENER)]),
    ],
    "Workers": [
        Panel("Active workers", "short", [(f"sum by (app, state) (gunicorn_worker_state{{{TARGET}}})", "{{app}} {{state}}")]),
        Panel("Memory usage", "bytes", [(f"sum by (app) (gunicorn_worker_memory_bytes{{{TARGET}}})", "{{app}}")]),
        Panel("CPU usage", "percent", [(f"sum by (app) (gunicorn_worker_cpu_percent{{{TARGET}}})", "{{app}}")], help="100 is one core"),
        Panel("Worker exits by reason", "short", [(increase("gunicorn_worker_exits_total", TARGET, "reason") + " > 0", "{{reason}}")]),
        Panel("Restarts", "short", [(increase("gunicorn_master_worker_restarts_total", TARGET, "app"), "{{app}}")]),
        Panel("Connections by kind", "cps", [(rate("gunicorn_worker_connections_total", TARGET, "kind"), "{{kind}}")]),
    ],
    "The exporter": [
        Panel("Lost events", "short", [(f"increase(gunicorn_bpf_exporter_events_lost_total{{{HOST}}}[$__rate_interval])", "{{reason}} {{instance}}")], width=12),
        Panel("Observed Gunicorns", "short", [(f"gunicorn_bpf_exporter_targets{{{HOST}}}", "{{instance}}")], width=12),
    ],
}

WORKERS = {
    "Requests": [
        Panel("Request rate", "reqps", [(rate("gunicorn_worker_requests_total", WORKER, EACH), NAME)]),
        Panel("Response time (p95)", "s", [(quantile(0.95, "gunicorn_worker_request_duration_seconds", WORKER, EACH), NAME)]),
        Panel("Error rate", "percentunit", [(failed_share(WORKER, EACH), NAME)]),
        Panel("Errors by type", "reqps", [(rate("gunicorn_worker_error_handling_total", WORKER, EACH + ", error_type"), NAME + " {{error_type}}")]),
        Panel("Request size (p95)", "bytes", [(quantile(0.95, "gunicorn_worker_request_size_bytes", WORKER, EACH), NAME)]),
        Panel("Response size (p95)", "bytes", [(quantile(0.95, "gunicorn_worker_response_size_bytes", WORKER, EACH), NAME)]),
    ],
    "Activity": [
        Panel("Utilisation", "percentunit", [(rate("gunicorn_worker_busy_seconds_total", WORKER), NAME)]),
        Panel("Requests in flight", "short", [(f"gunicorn_worker_requests_in_flight{{{WORKER}}}", NAME)]),
        Panel("Open connections", "short", [(f"gunicorn_worker_open_connections{{{WORKER}}}", NAME)]),
        Panel("Open streams", "short", [(f"gunicorn_worker_open_streams{{{WORKER}}}", NAME)], help="Responses without a length that are being sent"),
        Panel("WebSockets", "short", [(f"gunicorn_worker_websockets{{{WORKER}}}", NAME)]),
        Panel("Threads", "short", [(f"gunicorn_worker_threads{{{WORKER}}}", NAME)]),
        Panel("Heartbeat age", "s", [(f"gunicorn_worker_heartbeat_age_seconds{{{WORKER}}}", NAME)],
              help="Gunicorn kills a worker whose heartbeat is older than --timeout"),
        Panel("State", "short", [(f"sum by ({EACH}, state) (gunicorn_worker_state{{{WORKER}}})", NAME + " {{state}}")]),
    ],
    "Resources": [
        Panel("Memory usage", "bytes", [(f"gunicorn_worker_memory_bytes{{{WORKER}}}", NAME)]),
        Panel("CPU usage", "percent", [(f"gunicorn_worker_cpu_percent{{{WORKER}}}", NAME)], help="100 is one core"),
        Panel("Uptime", "s", [(f"gunicorn_worker_uptime_seconds{{{WORKER}}}", NAME)]),
    ],
}

INSTANCE = variable("instance", "Host", "label_values(gunicorn_bpf_exporter_build_info, instance)")
APP = variable("app", "Application", f"label_values(gunicorn_worker_requests_total{{{HOST}}}, app)")
ONE_WORKER = variable("worker", "Worker", f"label_values(gunicorn_worker_requests_total{{{TARGET}}}, worker_id)")

DASHBOARDS = {
    "gunicorn.json": dashboard("gunicorn", "Gunicorn", TARGETS, [INSTANCE, APP], {"Worker by worker": "gunicorn-workers"}),
    "gunicorn-workers.json": dashboard("gunicorn-workers", "Gunicorn workers", WORKERS, [INSTANCE, APP, ONE_WORKER], {"Whole application": "gunicorn"}),
}


def text(name):
    return json.dumps(DASHBOARDS[name], indent=2) + "\n"


if __name__ == "__main__":
    for each in DASHBOARDS:
        (HERE / each).write_text(text(each))
        print(HERE / each, file=sys.stderr)
