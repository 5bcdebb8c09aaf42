# SPDX-License-Identifier: BSD-2-Clause
"""A recording against the wire: what was asked while it ran is what it counts, with where time went and in which code."""

import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import threading

import pytest

from harness import exporter, processes
from harness.processes import wait_for
from harness.recorder import Recorder
from harness.server import Gunicorn
from harness.tracer import PARTS
from harness.wire import Connection


@pytest.fixture(scope="module")
def gunicorn(directory):
    with Gunicorn(directory, "gthread", workers=2, threads=4) as running:
        yield running


def ask(gunicorn, path):
    with Connection(gunicorn.address) as connection:
        return connection.exchange("GET", path)


@pytest.mark.clock
def test_what_was_asked_is_what_it_counts(gunicorn, directory):
    with Recorder(directory, gunicorn.pid, "--json") as recorder:
        slow = [ask(gunicorn, "/sleep?s=0.3") for _ in range(3)]
        statuses = [ask(gunicorn, path).status for path in ["/hello"] * 20 + ["/raise"] * 4 + ["/missing"] * 2]
        recorded = recorder.json()
    assert recorded["requests"]["ended"] == len(slow) + len(statuses)
    assert recorded["requests"]["failed"] == sum(status >= 400 for status in statuses) == 6
    routes = {route["endpoint"]: route for route in recorded["routes"]}
    assert {name: route["requests"] for name, route in routes.items()} == {"/hello": 20, "/sleep": 3, "/raise": 4, "/missing": 2}
    assert {name: route["failed"] for name, route in routes.items()} == {"/hello": 0, "/sleep": 0, "/raise": 4, "/missing": 2}
    assert all(sum(route["buckets"]) == route["requests"] for route in recorded["routes"])
    assert sum(map(sum, recorded["heatmap"]["columns"])) == recorded["requests"]["ended"]
    assert [(error["error_type"], error["requests"]) for error in recorded["errors"]] == [("ValueError", 4)]
    assert {(each["status"], each["endpoint"]): each["requests"] for each in recorded["failed"]} == {(500, "/raise"): 4, (404, "/missing"): 2}
    assert {worker["pid"] for worker in recorded["workers"]} == set(gunicorn.workers())
    assert recorded["listeners"][0]["listener"].endswith("%s:%d" % gunicorn.address)
    columns = len(recorded["times"])
    assert all(len(series) == columns for series in (recorded["heatmap"]["columns"], *recorded["rates"].values(), *recorded["busy_workers"].values()))
    for name in ("state", "busy", "cpu_percent", "memory_bytes"):
        assert all(len(worker[name]) == columns for worker in recorded["workers"])
    check_slowest(recorded["slowest"], recorded["frames"], slow)


def check_slowest(slowest, frames, slow):
    assert [request["path"] for request in slowest[:4]][:3] == ["/sleep"] * 3 and slowest[3]["path"] != "/sleep"
    for request in slowest[:3]:
        assert 0.3 <= request["duration_seconds"] <= max(response.seconds for response in slow) + 0.001
        assert request["sleeping_seconds"] == pytest.approx(0.3, abs=0.015)
        assert sum(request[part] for part in PARTS) == pytest.approx(request["duration_seconds"], abs=2e-6)
        stack = request["stacks"][0]
        assert stack["state"] == "waiting"
        innermost = frames[stack["frames"][-1]]
        assert (innermost["function"], pathlib.Path(innermost["file"]).name) == ("sleep", "apps.py")
        assert stack["samples"] > 10 and stack["samples"] >= 0.9 * sum(each["samples"] for each in request["stacks"])


def test_two_reports_and_a_reader_that_leaves(gunicorn, directory):
    """Beside each other they see the same; a reader that goes away ends one without a word."""
    with Recorder(directory, gunicorn.pid, "--json", "--no-stacks") as one, Recorder(directory, gunicorn.pid, "--json") as other:
        for _ in range(10):
            ask(gunicorn, "/hello")
        recorded = [one.json(), other.json()]
    assert [each["requests"]["ended"] for each in recorded] == [10, 10]
    assert recorded[0]["stacks"]["samples"] == 0
    piped = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", f"{exporter.binary()} report --json --duration 1s --pid {gunicorn.pid} | head -c 20"],
                           capture_output=True, text=True, timeout=60)
    assert piped.returncode == 0 and piped.stdout.startswith('{"exporter"') and "Broken" not in piped.stderr, piped.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_target_that_ends_ends_it(directory, how):
    with Gunicorn(directory) as server, Recorder(directory, server.pid) as recorder:
        ask(server, "/hello")
        os.kill(server.pid, how)
        page = recorder.ended()
        assert "the observed Gunicorn has ended" in recorder.log()
    assert page.startswith("<!-- SPDX") and "<!DOCTYPE html>" in page


def test_a_file_that_cannot_be_written_is_said_at_once(gunicorn, directory):
    for name, reason in (("/nowhere/report.html", "No such file or directory"), (str(directory), "Is a directory")):
        refused = subprocess.run([exporter.binary(), "report", "--pid", str(gunicorn.pid), "--output", name],
                                 capture_output=True, text=True, timeout=180)
        assert refused.returncode == 1
        assert f"{name}: {reason}" in refused.stderr and "--output" in refused.stderr and "recording" not in refused.stderr


def test_an_earlier_report_stays_until_the_new_one_is_whole(gunicorn, directory):
    with Recorder(directory, gunicorn.pid) as recorder:
        recorder.output.write_text("the earlier one")
        ask(gunicorn, "/hello")
        processes.end(recorder.process, signal.SIGKILL)
        assert recorder.output.read_text() == "the earlier one"
    wait_for(lambda: not list(directory.glob("*.part")), "nothing half-written is left")


# Each is what one client asks for, over and over.
MIXED = [["/hello", *(f"/items/{number}" for number in range(50))], ["/page"], [f"/search?q={digit}" for digit in range(10)],
         ["/slow/300", "/slow/700", "/slow/20"], ["/slow/1500"],
         ["/fail", "/fail/nothing", "/unavailable", *(f"/missing/page-{number}" for number in range(700))]]
MOST_BYTES = 5_000_000


def walk(server, paths, ended):
    """Statuses of the answers, by path."""
    answered = collections.Counter()
    for path in itertools.cycle(paths):
        if ended.is_set():
            return answered
        answered[path, ask(server, path).status] += 1


def test_thirty_seconds_of_a_mixed_load_are_a_page_of_5_megabytes_at_most(directory):
    ended = threading.Event()
    with Gunicorn(directory, "gthread", workers=4, threads=2, application="report_app") as server, \
            Recorder(directory, server.pid) as recorder, concurrent.futures.ThreadPoolExecutor(len(MIXED)) as clients:
        walks = [clients.submit(walk, server, paths, ended) for paths in MIXED]
        ended.wait(30)
        ended.set()
        answered = sum((each.result() for each in walks), collections.Counter())
        page = recorder.finish()
    recorded = json.loads(re.search(r'<script[^>]* type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    print(f"{len(page.encode())} bytes: {answered.total()} requests, {len(recorded['stacks']['running'])} different stacks that ran")
    assert recorded["duration_seconds"] >= 30
    assert recorded["requests"]["ended"] == answered.total()
    assert recorded["requests"]["failed"] == sum(count for (_, status), count in answered.items() if status >= 400)
    assert {"/fail", "/fail/nothing", "/unavailable"} <= {each["endpoint"] for each in recorded["failed"]}
    # All that may fill a page is in it: as many routes as are told apart, whole requests, stacks of every kind.
    assert len(recorded["routes"]) == 501 and len(recorded["slowest"]) == 50 and len(recorded["workers"]) == 4
    assert len(recorded["stacks"]["running"]) > 100 and recorded["stacks"]["samples"] > 1500
    assert len(page.encode()) < MOST_BYTES
