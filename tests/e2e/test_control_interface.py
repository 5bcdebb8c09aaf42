# SPDX-License-Identifier: BSD-2-Clause
"""The control interface of Gunicorn 25.1 and later: its socket is no listener of the application, and taking a worker away is
no restart."""

import subprocess

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.server import Gunicorn


@pytest.fixture
def controlled(directory, root_of):
    path = f"/tmp/control-{processes.free_port()}.ctl"
    with Gunicorn(directory, workers=3, root=root_of("sid"), options=["--control-socket", path]) as server:
        server.control = path
        processes.wait_for(lambda: (server.root / path[1:]).exists(), "the control socket")
        yield server


def command(server, *words):
    done = subprocess.run(["chroot", str(server.root), "gunicornc", "-s", server.control, "-c", " ".join(words)],
                          capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def listeners(exporter):
    return sorted({labels["listener"] for labels, _ in exporter.scrape().select("gunicorn_listener_backlog")})


def exits(exporter):
    return {labels["reason"]: value for labels, value in exporter.scrape().select("gunicorn_worker_exits_total") if value}


def restarts(exporter):
    return sum(value for _, value in exporter.scrape().select("gunicorn_master_worker_restarts_total"))


def test_before_and_after_forks_its_socket_is_no_listener(directory, controlled):
    with Exporter(directory, pid=controlled.pid) as exporter:
        assert listeners(exporter) == [controlled.bind]
        command(controlled, "worker add 2")
        processes.wait_for(lambda: len(controlled.workers()) == 5, "two more workers")
        assert listeners(exporter) == [controlled.bind]


def test_taking_workers_away_is_no_restart(directory, controlled):
    with Exporter(directory, pid=controlled.pid) as exporter:
        command(controlled, "worker remove 2")
        processes.wait_for(lambda: sum(exits(exporter).values()) == 2, lambda: f"two exits: {exits(exporter)}")
        assert exits(exporter) == {"scale_down": 2.0}
        assert restarts(exporter) == 0


def test_killing_a_worker_is_a_restart(directory, controlled):
    with Exporter(directory, pid=controlled.pid) as exporter:
        command(controlled, f"worker kill {controlled.workers()[0]}")
        processes.wait_for(lambda: exits(exporter), "an exit")
        processes.wait_for(lambda: len(controlled.workers()) == 3, "another worker in its place")
        assert exits(exporter) == {"master_term": 1.0}
        assert restarts(exporter) == 1
