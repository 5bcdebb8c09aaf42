# SPDX-License-Identifier: BSD-2-Clause
"""A real Prometheus scrapes a real run: the documentation's queries return the right numbers, and its alerts fire and resolve."""

import json
import os
import pathlib
import re
import signal
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

RULES = pathlib.Path(__file__).resolve().parents[2] / "deploy/prometheus/gunicorn.rules.yml"
WINDOW = 20  # seconds, in place of the documentation's five minutes


class Prometheus:
    """Scrapes every second and evaluates the rules as often, with a window of seconds."""

    def __init__(self, directory, target):
        home = pathlib.Path(tempfile.mkdtemp(dir=directory))
        rules = re.sub(r"\[\d+m\]", f"[{WINDOW}s]", re.sub(r"for: \d+m", "for: 1s", RULES.read_text()))
        (home / "rules.yml").write_text(rules)
        (home / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "gunicorn", "honor_labels": True, "static_configs": [{"targets": [target]}]}]}))
        self.url = f"http://127.0.0.1:{processes.free_port()}"
        self.log_path = home / "log"
        with open(self.log_path, "wb") as log:
            self.process = processes.start(["prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                                            f"--web.listen-address={self.url.removeprefix('http://')}"], log)
        wait_for(self._ready, lambda: f"Prometheus is not ready: {self.log_path.read_text()[-2000:]}", every=0.2)

    def _get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def _ready(self):
        assert self.process.poll() is None, self.log_path.read_text()[-2000:]
        try:
            return b"Ready" in self._get("/-/ready")
        except OSError:
            return False

    def query(self, expression):
        """[(labels, value)] at this moment."""
        answer = json.loads(self._get("/api/v1/query?" + urllib.parse.urlencode({"query": expression.replace("[5m]", f"[{WINDOW}s]")})))
        assert answer["status"] == "success"
        return [(found["metric"], float(found["value"][1])) for found in answer["data"]["result"]]

    def value(self, expression):
        found = self.query(expression)
        assert len(found) == 1, (expression, found)
        return found[0][1]

    def firing(self):
        alerts = json.loads(self._get("/api/v1/alerts"))["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


class Traffic(threading.Thread):
    """Ten requests a second, every fifth of them to a failing path while `failing`."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.failing, self.ended = address, True, False

    def run(self):
        number, begun = 0, time.monotonic()
        while not self.ended:
            path = "/missing" if self.failing and number % 5 == 0 else "/sleep?s=0.03"
            with Connection(self.address) as connection:
                connection.exchange("GET", path)
            number += 1
            time.sleep(max(0.0, begun + number / 10 - time.monotonic()))


@pytest.fixture(scope="module")
def running(directory):
    with Gunicorn(directory, "sync", workers=2) as server, Exporter(directory, pid=server.pid) as exporter:
        prometheus = Prometheus(directory, exporter.url.removeprefix("http://"))
        traffic = Traffic(server.address)
        traffic.start()
        try:
            time.sleep(WINDOW + 5)
            yield server, exporter, prometheus, traffic
        finally:
            traffic.ended = True
            traffic.join(5)
            processes.end(prometheus.process)


def test_every_documented_query(running):
    server, exporter, prometheus, _ = running
    workers = exporter.scrape().workers()
    near = lambda value, rel=0.15: pytest.approx(value, rel=rel)

    def per_worker(expression):
        found = prometheus.query(expression)
        assert {labels["worker_id"] for labels, _ in found} == workers, expression
        return [value for _, value in found]

    assert sum(per_worker("rate(gunicorn_worker_requests_total[5m])")) == near(10)
    assert prometheus.value("sum(rate(gunicorn_worker_requests_total[5m]))") == near(10)
    # Four of five take 30 ms, the others next to nothing.
    assert all(0.025 < value <= 0.1 for value in per_worker("histogram_quantile(0.95, rate(gunicorn_worker_request_duration_seconds_bucket[5m]))"))
    averages = per_worker("rate(gunicorn_worker_request_duration_seconds_sum[5m]) / rate(gunicorn_worker_request_duration_seconds_count[5m])")
    assert all(0.015 < value < 0.08 for value in averages)
    assert sum(value for _, value in prometheus.query("rate(gunicorn_worker_failed_requests_total[5m])")) == near(2, 0.25)
    assert prometheus.value("sum(rate(gunicorn_worker_failed_requests_total[5m])) / sum(rate(gunicorn_worker_requests_total[5m]))") == near(0.2, 0.25)
    memory = per_worker("gunicorn_worker_memory_bytes")
    assert prometheus.value("avg(gunicorn_worker_memory_bytes)") == near(sum(memory) / 2, 0.05)
    for pid, value in zip(server.workers(), sorted(memory)):
        assert processes.status_field(pid, "VmRSS") * 1024 == near(value, 0.1)
    assert len(per_worker("gunicorn_worker_cpu_percent")) == 2
    assert 0 <= prometheus.value("avg(gunicorn_worker_cpu_percent)") < 100
    assert prometheus.value('sum(gunicorn_worker_state{state="running"})') == 2
    assert all(value > WINDOW for value in per_worker("gunicorn_worker_uptime_seconds"))
    assert prometheus.value("sum(gunicorn:requests:rate5m)") == near(10)
    assert 0.05 < prometheus.value("gunicorn:utilisation:avg5m") < 0.25


def test_alerts_fire_and_resolve(running):
    server, _, prometheus, traffic = running
    wait_for(lambda: "HighErrorRate" in prometheus.firing(), lambda: f"it fires: {prometheus.firing()}", every=0.5)
    assert "WorkerRestarts" not in prometheus.firing()
    traffic.failing = False
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: {"WorkerRestarts", "WorkerCrashes"} <= prometheus.firing(), lambda: f"they fire: {prometheus.firing()}", every=0.5)
    wait_for(lambda: not prometheus.firing() & {"HighErrorRate", "WorkerRestarts", "WorkerCrashes"},
             lambda: f"they resolve: {prometheus.firing()}", seconds=2 * WINDOW + 60, every=0.5)


FAILURES = 6
SEEN = 5.5  # of them: increase() extrapolates


def fail(server):
    for _ in range(FAILURES):
        with Connection(server.address) as connection:
            assert connection.exchange("GET", "/raise").status == 500


def test_rare_errors_alert(directory):
    """The first failures on healthy workers, of which the documented query sees nothing; the next ones; and those right after a worker's
    restart."""
    with Gunicorn(directory, "sync", workers=4) as server, Exporter(directory, pid=server.pid) as exporter:
        prometheus = Prometheus(directory, exporter.url.removeprefix("http://"))
        try:
            wait_for(lambda: prometheus.query("count_over_time(gunicorn_worker_requests_total[5m])"), "the first scrape")
            wait_for(lambda: prometheus.value("min(count_over_time(gunicorn_worker_requests_total[5m]))") >= WINDOW - 1, "a whole window")
            with Connection(server.address) as connection:
                assert connection.exchange("GET", "/hello").status == 200
            by_class, errors, target, documented = (
                f"sum(increase({name}[5m]))" for name in (
                    'gunicorn_worker_responses_by_class_total{class="5xx"}', "gunicorn_worker_errors_total", "gunicorn_errors_total",
                    "gunicorn_worker_failed_requests_total"))
            fail(server)
            wait_for(lambda: prometheus.value(by_class) >= SEEN and prometheus.value(errors) >= SEEN, "the first failures")
            wait_for(lambda: "HighErrorRate" in prometheus.firing(), "it fires", every=0.5)
            assert prometheus.value(documented) < 1
            # Each worker has them at 0 or more by now.
            wait_for(lambda: "HighErrorRate" not in prometheus.firing() and prometheus.value(by_class) == 0, "they are long ago", every=0.5)
            fail(server)
            wait_for(lambda: prometheus.value(documented) >= SEEN and prometheus.value(target) >= SEEN, "the next failures")
            wait_for(lambda: "HighErrorRate" in prometheus.firing(), "it fires again", every=0.5)
            before = server.workers()
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: len(set(server.workers()) - set(before)) == 4, "four others")
            living = 'count(gunicorn_worker_errors_total and on (worker_id) gunicorn_worker_uptime_seconds)'
            wait_for(lambda: prometheus.query(living) and prometheus.value(living) == 4 and
                     prometheus.value('min(count_over_time(gunicorn_worker_uptime_seconds[5m]))') >= 2, "they are scraped")
            wait_for(lambda: prometheus.value(by_class) == 0, "the failures of the others are long ago", every=0.5)
            fail(server)
            wait_for(lambda: all(prometheus.value(each) >= SEEN for each in (by_class, errors, target, documented)), "those after the restart")
            wait_for(lambda: "HighErrorRate" in prometheus.firing(), "it fires for them", every=0.5)
        finally:
            processes.end(prometheus.process)
