# SPDX-License-Identifier: BSD-2-Clause
"""An application with metrics of its own, of every type and mode that its version of the Python client has."""

import os
import random
import urllib.parse

if directory := os.environ.get("E2E_METRICS"):  # set by Python itself, so that /proc/<pid>/environ does not have it
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ["prometheus_multiproc_dir"] = directory

from prometheus_client import Counter, Gauge, Histogram, Summary

# The example of the metrics documentation.
orders_total = Counter("app_orders_total", "Total number of orders", ["status", "payment_method"])
order_value = Histogram("app_order_value_dollars", "Order value in dollars", ["status"])
active_users = Gauge("app_active_users", "Number of active users")

plain = Counter("app_plain", "Without labels, and \\ \"quotes\"\nin its help")
sizes = Histogram("app_sizes", "Own buckets", ["zone", "kind"], buckets=(0.001, 0.5, 1, 1234567.5, 10**7, 10**12))
seconds = Summary("app_seconds", "A summary", ["step"])
bare_seconds = Summary("app_bare_seconds", "A summary without labels")
MODES = sorted(Gauge._MULTIPROC_MODES)
gauges = {mode: Gauge(f"app_gauge_{mode}", f"A gauge, {mode}", ["room"], multiprocess_mode=mode) for mode in MODES}
own_labels = Counter("app_labelled", "Labels that the exporter has, too", ["app", "master_pid", "exported_app"])
ours = Counter("gunicorn_worker_requests", "A name of the exporter's", ["worker_id"])
STRANGE = ['"quoted"', "back\\slash", "two\nlines", "größe", "", "{}", "日本", "a,b=\"c\""]


def process_order(status, method, value):
    orders_total.labels(status=status, payment_method=method).inc()
    order_value.labels(status=status).observe(value)


def work(seed):
    """Some of everything."""
    chance = random.Random(seed)
    for _ in range(20):
        process_order(chance.choice(["paid", "open"]), chance.choice(["card", "cash"]), chance.uniform(0, 20))
    plain.inc(chance.random())
    for text in STRANGE:
        sizes.labels(zone=text, kind="a").observe(chance.choice([0.0001, 0.3, 700000, 2e6, 1e13]) * chance.random())
        seconds.labels(step=text).observe(chance.random() / 3)
    bare_seconds.observe(chance.random() * 1e7)
    active_users.set(chance.randrange(100))
    for mode in MODES:
        for room in "one", "two":
            gauges[mode].labels(room=room).set(chance.choice([-1, 1, 3e6]) * chance.random())
    own_labels.labels(app="mine", master_pid="1", exported_app="too").inc(0.25)
    ours.labels(worker_id="worker_1").inc(1000)


def app(environ, start_response):
    query = urllib.parse.parse_qs(environ["QUERY_STRING"])
    if environ["PATH_INFO"] == "/work":
        work(int(query["seed"][0]))
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
