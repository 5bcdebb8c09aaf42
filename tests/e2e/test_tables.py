# SPDX-License-Identifier: BSD-2-Clause
"""What others do on the host takes no room from a Gunicorn: listeners, workers that die, connections that are kept."""

import contextlib
import os
import signal
import sys
import time

from harness import processes
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

LISTENS_OFTEN = """
import socket, time
for _ in range(2000):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
print("done", flush=True)
time.sleep(60)
"""

PROCESSES = 64
DEATHS = 3 * PROCESSES
MOST_CONNECTIONS = 20


@contextlib.contextmanager
def running(directory, program):
    log = directory / "neighbour.log"
    with open(log, "wb") as file:
        process = processes.start([sys.executable, "-c", program], file)
    try:
        wait_for(lambda: "done" in log.read_text(), log.read_text)
        yield process
    finally:
        processes.end(process)


def requests(exporter, server):
    return exporter.scrape().total("gunicorn_worker_requests_total", master_pid=str(server.pid))


def serves_exactly(exporter, server, times=20):
    """Sends so many requests; each is counted."""
    before = requests(exporter, server)
    for _ in range(times):
        with Connection(server.address) as connection:
            assert connection.exchange("GET", "/hello").status == 200
    wait_for(lambda: requests(exporter, server) == before + times,
             lambda: f"{requests(exporter, server) - before} of {times} requests")


def lost(exporter):
    counts = exporter.scrape().by("gunicorn_bpf_exporter_events_lost_total", "reason")
    return {reason: count for reason, count in counts.items() if count}


def entries(exporter, table):
    return exporter.scrape().total("gunicorn_bpf_exporter_map_entries", map=table)


def is_observed(exporter, server):
    return exporter.scrape().select("gunicorn_worker_uptime_seconds", master_pid=str(server.pid))


def test_a_stranger_that_listens_often(directory):
    with Exporter(directory) as exporter, running(directory, LISTENS_OFTEN):
        assert entries(exporter, "listeners") <= 64  # of what else this host runs
        with Gunicorn(directory, workers=2) as server:
            wait_for(lambda: is_observed(exporter, server), "the Gunicorn that was started later")
            serves_exactly(exporter, server)
        assert not lost(exporter)


def kill_workers(server, times):
    """Kills workers as fast as they come, but none that was not there a moment ago: Gunicorn itself loses one that ends before fork() has
    returned in its master. Returns how many ended."""
    dead, seen = set(), set()
    deadline = time.monotonic() + 120
    while len(dead) < times and time.monotonic() < deadline:
        living = {pid for pid in server.workers() if pid not in dead}
        for pid in living & seen:
            os.kill(pid, signal.SIGKILL)
            dead.add(pid)
        seen = living
        time.sleep(0.1)
    return len(dead)


def exits(exporter, server):
    return exporter.scrape().total("gunicorn_worker_exits_total", master_pid=str(server.pid))


def test_a_crash_loop_beside_a_healthy_application(directory):
    with Exporter(directory, "--max-processes", str(PROCESSES)) as exporter, Gunicorn(directory, workers=4) as crashing:
        wait_for(lambda: is_observed(exporter, crashing), "the crashing Gunicorn")
        with Gunicorn(directory, workers=1) as healthy:
            wait_for(lambda: is_observed(exporter, healthy), "the healthy Gunicorn")
            dead = kill_workers(crashing, DEATHS)
            assert dead >= DEATHS
            serves_exactly(exporter, healthy)
            wait_for(lambda: exits(exporter, crashing) == dead, lambda: f"{exits(exporter, crashing)} of {dead} exits")
            with Gunicorn(directory, workers=2) as later:
                wait_for(lambda: is_observed(exporter, later), "the Gunicorn that was started later")
                serves_exactly(exporter, later)
            assert entries(exporter, "processes") < PROCESSES / 2
            assert not lost(exporter)


def test_a_dead_worker_keeps_its_counts(directory):
    with Gunicorn(directory, workers=1) as server, Exporter(directory, pid=server.pid) as exporter:
        for _ in range(7):
            with Connection(server.address) as connection:
                assert connection.exchange("GET", "/missing").status == 404
        (first,) = wait_for(lambda: exporter.scrape().workers(), "the worker")
        kill_workers(server, 1)
        wait_for(lambda: exporter.scrape().workers() - {first}, "another worker")
        wait_for(lambda: entries(exporter, "processes") == 2, "the slot is given back")
        scrape = exporter.scrape()
        assert scrape.total("gunicorn_worker_requests_total", worker_id=first) == 7
        assert scrape.total("gunicorn_worker_failed_requests_total", worker_id=first, endpoint="/missing") == 7
        assert scrape.total("gunicorn_worker_request_duration_seconds_count", worker_id=first) == 7


def test_connections_that_are_kept(directory):
    with Exporter(directory, "--max-connections", str(MOST_CONNECTIONS)) as exporter, contextlib.ExitStack() as kept:
        hoarder = kept.enter_context(Gunicorn(directory, "gthread", threads=4, options=["--worker-connections", "1000"]))
        server = kept.enter_context(Gunicorn(directory, workers=1))
        for each in (hoarder, server):
            wait_for(lambda each=each: is_observed(exporter, each), "both Gunicorns")
        for _ in range(3 * MOST_CONNECTIONS):
            connection = kept.enter_context(Connection(hoarder.address))
            assert connection.exchange("GET", "/hello").status == 200
        # A hash of the kernel's has one spare entry for each processor.
        assert MOST_CONNECTIONS <= entries(exporter, "connections") <= MOST_CONNECTIONS + os.cpu_count()
        serves_exactly(exporter, server)
        assert set(lost(exporter)) == {"connections_full"}
        wait_for(lambda: "connections_full" in exporter.log(), exporter.log)
        assert exporter.log().count("--max-connections") == 1
