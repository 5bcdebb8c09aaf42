# SPDX-License-Identifier: BSD-2-Clause
"""A million distinct paths: what is kept of them is bounded."""

import pathlib
import re
import subprocess

from harness.exporter import Exporter
from harness.server import Gunicorn

PATHS = 1_000_000
SCRIPT = """
local number = 0
local thread = 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function request()
    number = number + 1
    return wrk.format("GET", "/p-" .. id .. "-" .. number .. "x")
end
"""


def resident(pid):
    return int(re.search(r"^VmRSS:\s+(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]) * 1024


def test_a_million_distinct_paths(directory, tmp_path):
    script = tmp_path / "paths.lua"
    script.write_text(SCRIPT)
    with Gunicorn(directory, "gthread", workers=2, threads=4) as server, \
            Exporter(directory, "--routes", "--endpoint-limit", "100", pid=server.pid) as exporter:
        load = ["wrk", "-t", "2", "-c", "8", "-s", str(script), "http://%s:%d" % server.address]
        subprocess.run([*load, "-d", "3s"], check=True, capture_output=True)
        exporter.scrape()
        before = resident(exporter.process.pid)
        while exporter.scrape().total("gunicorn_worker_requests_total") < PATHS:
            subprocess.run([*load, "-d", "20s"], check=True, capture_output=True)
        scrape = exporter.scrape()
        assert resident(exporter.process.pid) - before < 10_000_000
        endpoints = {labels["endpoint"] for labels, _ in scrape.select("gunicorn_http_requests_total")}
        assert len(endpoints) <= 101 and "other" in endpoints
        assert len(scrape.select("gunicorn_worker_failed_requests_total")) <= 2 * 101
        assert scrape.total("gunicorn_http_requests_total") == scrape.total("gunicorn_worker_requests_total")
        lost = scrape.by("gunicorn_bpf_exporter_events_lost_total", "reason")
        # Where user space has to wait for the processor, labels are lost: the sums above say that nothing else is.
        assert lost["ring_full"] < PATHS / 1000 and not any(count for reason, count in lost.items() if reason != "ring_full")
