# SPDX-License-Identifier: BSD-2-Clause
"""A million requests at full speed over the worker classes of this system, without a single miscount."""

import os
import re
import subprocess
import time

import pytest

from conftest import Service
from harness.ledger import check_consistent, gained
from harness.processes import wait_for

CLASSES = ["sync", "gthread", "gevent", "eventlet", "tornado", "uvicorn"]
TOTAL = int(os.environ.get("GBE_SOAK_REQUESTS") or 1_000_000)
CONNECTIONS = 16
PATIENCE = 300  # seconds for one class


def load(address, seconds):
    report = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "http://%s:%d/hello" % address],
                            check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in report
    return int(re.search(r"(\d+) requests in", report)[1])


def rested(exporter):
    """The scrape after the last requests, which wrk did not wait for, have been served or have failed."""
    def total():
        return exporter.scrape().total("gunicorn_worker_requests_total")

    wait_for(lambda: (now := total()) and (time.sleep(0.3), total())[1] == now, "the count comes to rest")
    return exporter.scrape()


@pytest.mark.parametrize("worker_class", CLASSES)
def test_no_miscount(directory, worker_class):
    service = Service(directory, worker_class, workers=2)
    try:
        served, deadline = 0, time.monotonic() + PATIENCE
        while served < TOTAL / len(CLASSES):
            assert time.monotonic() < deadline, f"only {served} requests in {PATIENCE} s"
            before = service.exporter.scrape()
            completed = load(service.server.address, 10)
            after = rested(service.exporter)
            gain = gained(before, after)
            assert completed <= gain["requests"] <= completed + CONNECTIONS
            assert gain["requests"] == gain["durations"] == gain["responses 200"]
            check_consistent(after)
            served += completed
        print(f"{worker_class}: {served} requests, each counted once")
        wait_for(lambda: service.exporter.scrape().total("gunicorn_bpf_exporter_map_entries", map="connections") == 0,
                 "no connection is left")
    finally:
        service.stop()
