# SPDX-License-Identifier: BSD-2-Clause
"""Several exporters on one host, one that is killed, and one that takes the place of another."""

import os
import signal
import threading

import pytest

from harness import kernel_objects
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

REQUESTS = "gunicorn_worker_requests_total"
ERRORS = "gunicorn_worker_error_handling_total"


@pytest.fixture
def server(directory):
    with Gunicorn(directory, "gthread", workers=2, threads=2) as running:
        yield running


class Traffic:
    """Asks one request after the other until it is told to stop; counts the answers by status."""

    def __init__(self, address):
        self.address, self.answers, self.failure = address, {200: 0, 500: 0}, None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self):
        try:
            number = 0
            while not self._stop.is_set():
                with Connection(self.address) as connection:
                    status = connection.exchange("GET", "/raise" if number % 5 == 4 else "/hello").status
                self.answers[status] += 1
                number += 1
        except Exception as failure:  # pylint: disable=broad-except # told by __exit__
            self.failure = failure

    def count(self):
        return sum(self.answers.values())

    def wait_for_more(self, count=50):
        target = self.count() + count
        wait_for(lambda: self.failure or self.count() >= target, "answers")
        assert self.failure is None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        assert self.failure is None, f"a request failed: {self.failure}"


def counts(exporter, server):
    scrape = exporter.scrape()
    # With one --pid there are no labels that say whose worker it is.
    mine = {"master_pid": str(server.pid)} if scrape.select(REQUESTS, master_pid=str(server.pid)) else {}
    return {"requests": scrape.total(REQUESTS, **mine), "errors": scrape.total(ERRORS, error_type="ValueError", **mine),
            "ids": set(scrape.by("gunicorn_worker_uptime_seconds", "worker_id", **mine))}


def test_two_exporters_and_one_off_runs(directory, server):
    with Exporter(directory) as everything, Exporter(directory, pid=server.pid) as one:
        wait_for(lambda: everything.scrape().select("gunicorn_info", master_pid=str(server.pid)), "it is found")
        with Traffic(server.address) as traffic:
            for _ in range(3):
                with Exporter(directory, pid=server.workers()[0]) as short:
                    traffic.wait_for_more()
                    assert short.scrape().total(REQUESTS) > 0
            traffic.wait_for_more()
        expected = {"requests": traffic.count(), "errors": traffic.answers[500]}
        for exporter in everything, one:
            # The last answer can be at the client before the system call that sent it has returned.
            found = lambda: {name: count for name, count in counts(exporter, server).items() if name in expected}
            wait_for(lambda: found() == expected, lambda: f"{found()} instead of {expected}, {exporter.scrape().by('gunicorn_worker_connections_total', 'kind')}")
            lost = exporter.scrape().by("gunicorn_bpf_exporter_events_lost_total", "reason")
            assert not {reason: count for reason, count in lost.items() if count}


def test_a_killed_exporter_leaves_nothing_and_nobody_notices(directory, server):
    with Exporter(directory) as other, Exporter(directory, pid=server.pid) as killed:
        wait_for(lambda: other.scrape().select("gunicorn_info", master_pid=str(server.pid)), "it is found")
        workers = server.workers()
        held = kernel_objects.held_by(killed.process.pid)
        assert len(held["prog"]) > 3 and len(held["map"]) > 3 and len(held["link"]) > 1
        with Traffic(server.address) as traffic:
            traffic.wait_for_more()
            os.kill(killed.process.pid, signal.SIGKILL)
            assert killed.process.wait(60) == -signal.SIGKILL
            traffic.wait_for_more()

        def left():
            return {kind: found for kind in held if (found := held[kind] & kernel_objects.existing(kind))}

        wait_for(lambda: not left(), lambda: f"nothing is left in the kernel: {left()}")
        assert server.workers() == workers
        for pid in (server.pid, *workers):
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                assert "TracerPid:\t0\n" in status.read()
        # The one beside it has missed nothing.
        found = counts(other, server)
        assert (found["requests"], found["errors"]) == (traffic.count(), traffic.answers[500])


def test_an_upgrade_loses_no_target(directory, server):
    with Exporter(directory) as old:
        # Ages that the order of the forks alone would not tell.
        for _ in range(2):
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: len(server.workers()) == 2 and victim not in server.workers(), "its successor")
        wait_for(lambda: len(counts(old, server)["ids"]) == 2, "both are seen")
        ids = counts(old, server)["ids"]
        assert sorted(int(each.split("_")[1]) for each in ids) == [3, 4]
        # As a DaemonSet does with maxSurge: the new one is ready before the old one goes.
        with Exporter(directory) as new:
            assert counts(new, server)["ids"] == ids
            assert old.stop() == 0
            with Traffic(server.address) as traffic:
                traffic.wait_for_more(20)
            assert counts(new, server)["requests"] == traffic.count()
            assert counts(new, server)["errors"] == traffic.answers[500]
    # As a service manager does: one after the other.
    with Exporter(directory) as newer:
        assert counts(newer, server)["ids"] == ids
