#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes deploy/grafana/gunicorn.json, the dashboard. Panels are described below; everything else follows from them."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
OUTPUT = HERE / "gunicorn.json"
WIDTH, HEIGHT = 24, 8  # of Grafana's grid, and of a panel

# What the variables at the top of the page choose. `app` is missing with exactly one --pid: then it matches the empty label.
CHOSEN = 'instance=~"$instance", app=~"$app"'
WORKERS = f'{CHOSEN}, worker_id=~"$worker"'

# Title, unit, width, then (expression, legend) pairs.
ROWS = {
    "Requests": [
        ("Request rate", "reqps", 8, [(f"sum by (worker_id) (rate(gunicorn_worker_requests_total{{{WORKERS}}}[$__rate_interval]))", "{{worker_id}}")]),
        ("Response time", "s", 8, [(f"histogram_quantile({quantile}, sum by (le) (rate(gunicorn_worker_request_duration_seconds_bucket{{{WORKERS}}}[$__rate_interval])))", f"p{quantile * 100:.0f}")
                                   for quantile in (0.5, 0.95, 0.99)]),
        ("Error rate", "percentunit", 8, [(f"sum(rate(gunicorn_worker_failed_requests_total{{{WORKERS}}}[$__rate_interval])) / sum(rate(gunicorn_worker_requests_total{{{WORKERS}}}[$__rate_interval]))", "failed")]),
        ("Responses by status", "reqps", 8, [(f"sum by (status_code) (rate(gunicorn_worker_responses_total{{{WORKERS}}}[$__rate_interval]))", "{{status_code}}")]),
        ("Exceptions", "reqps", 8, [(f"sum by (error_type, endpoint) (rate(gunicorn_worker_error_handling_total{{{WORKERS}}}[$__rate_interval]))", "{{error_type}} {{endpoint}}")]),
        ("First byte and last byte (p95)", "s", 8, [
            (f"histogram_quantile(0.95, sum by (le) (rate(gunicorn_worker_time_to_first_byte_seconds_bucket{{{WORKERS}}}[$__rate_interval])))", "first byte"),
            (f"histogram_quantile(0.95, sum by (le) (rate(gunicorn_worker_request_duration_seconds_bucket{{{WORKERS}}}[$__rate_interval])))", "last byte")]),
    ],
    "Saturation": [
        ("Utilisation", "percentunit", 8, [(f"rate(gunicorn_worker_busy_seconds_total{{{WORKERS}}}[$__rate_interval])", "{{worker_id}}")]),
        ("Busy and idle workers", "short", 8, [(f"sum by (state) (gunicorn_workers{{{CHOSEN}}})", "{{state}}")]),
        ("Requests in flight", "short", 8, [(f"gunicorn_worker_requests_in_flight{{{WORKERS}}}", "{{worker_id}}")]),
        ("Connections that wait to be accepted", "short", 8, [(f"gunicorn_listener_backlog{{{CHOSEN}}}", "{{listener}}"), (f"gunicorn_listener_backlog_limit{{{CHOSEN}}}", "limit of {{listener}}")]),
        ("Waiting time (p95)", "s", 8, [(f"histogram_quantile(0.95, sum by (le, place) (rate(gunicorn_request_queue_seconds_bucket{{{WORKERS}}}[$__rate_interval])))", "{{place}}")]),
        ("Connections dropped by the kernel", "short", 8, [(f"increase(gunicorn_listener_dropped_total{{{CHOSEN}}}[$__rate_interval])", "{{listener}}")]),
    ],
    "Workers": [
        ("Active workers", "short", 8, [(f"sum by (state) (gunicorn_worker_state{{{WORKERS}}})", "{{state}}")]),
        ("Memory usage", "bytes", 8, [(f"gunicorn_worker_memory_bytes{{{WORKERS}}}", "{{worker_id}}")]),
        ("CPU usage", "percent", 8, [(f"gunicorn_worker_cpu_percent{{{WORKERS}}}", "{{worker_id}}")]),
        ("Ends of workers", "short", 8, [(f"sum by (reason) (increase(gunicorn_worker_exits_total{{{CHOSEN}}}[$__rate_interval])) > 0", "{{reason}}")]),
        ("Uptime", "s", 8, [(f"gunicorn_worker_uptime_seconds{{{WORKERS}}}", "{{worker_id}}")]),
        ("Age of the heartbeat", "s", 8, [(f"gunicorn_worker_heartbeat_age_seconds{{{WORKERS}}}", "{{worker_id}}")]),
    ],
    "Connections and sizes": [
        ("Aborted requests and incomplete responses", "reqps", 8, [
            (f"sum by (by) (rate(gunicorn_worker_requests_aborted_total{{{WORKERS}}}[$__rate_interval]))", "aborted by {{by}}"),
            (f"sum by (by) (rate(gunicorn_worker_responses_incomplete_total{{{WORKERS}}}[$__rate_interval]))", "incomplete by {{by}}")]),
        ("Connections by kind", "short", 8, [(f"sum by (kind) (rate(gunicorn_worker_connections_total{{{WORKERS}}}[$__rate_interval]))", "{{kind}}")]),
        ("Response size (p95)", "bytes", 8, [(f"histogram_quantile(0.95, sum by (le) (rate(gunicorn_worker_response_size_bytes_bucket{{{WORKERS}}}[$__rate_interval])))", "p95")]),
    ],
    "The exporter": [
        ("Events given up", "short", 12, [('increase(gunicorn_bpf_exporter_events_lost_total{instance=~"$instance"}[$__rate_interval])', "{{reason}}")]),
        ("Observed Gunicorns", "short", 12, [('gunicorn_bpf_exporter_targets{instance=~"$instance"}', "{{instance}}")]),
    ],
}

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "query": {"query": query, "refId": name}, "definition": query,
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}


def panel(number, title, unit, place, queries):
    return {"id": number, "type": "timeseries", "title": title, "datasource": SOURCE, "gridPos": place,
            "targets": [{"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
                        for index, (expression, legend) in enumerate(queries)],
            "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}, "overrides": []},
            "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}}


def panels():
    made, y = [], 0
    for row, described in ROWS.items():
        made.append({"id": len(made) + 1, "type": "row", "title": row, "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        y, x = y + 1, 0
        for title, unit, width, queries in described:
            if x + width > WIDTH:
                x, y = 0, y + HEIGHT
            made.append(panel(len(made) + 1, title, unit, {"x": x, "y": y, "w": width, "h": HEIGHT}, queries))
            x += width
        y += HEIGHT
    return made


def dashboard():
    return {"uid": "gunicorn-bpf-exporter", "title": "Gunicorn", "tags": ["gunicorn"], "schemaVersion": 39, "version": 1, "editable": True,
            "time": {"from": "now-1h", "to": "now"}, "refresh": "30s", "timezone": "", "graphTooltip": 1, "annotations": {"list": []},
            "templating": {"list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1, "current": {}},
                variable("instance", "Host", "label_values(gunicorn_bpf_exporter_build_info, instance)"),
                variable("app", "Application", 'label_values(gunicorn_worker_requests_total{instance=~"$instance"}, app)'),
                variable("worker", "Worker", f"label_values(gunicorn_worker_requests_total{{{CHOSEN}}}, worker_id)")]},
            "panels": panels()}


def text():
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    OUTPUT.write_text(text())
    print(OUTPUT, file=sys.stderr)
