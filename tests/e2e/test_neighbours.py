# SPDX-License-Identifier: BSD-2-Clause
"""A well-behaved application beside hostile neighbours: its counts, waits and states stay exact, what the exporter uses stays bounded, and
what it had to refuse is named. GBE_NEIGHBOURS_SECONDS is how long, 60 by default; GBE_NEIGHBOURS_CONNECTIONS how many one of them keeps, 1,000
by default."""

import contextlib
import os
import signal
import sys
import threading
import time

from harness import processes
from harness.exporter import Exporter
from harness.processes import status_field, wait_for
from harness.server import Gunicorn
from harness.wire import Connection

SECONDS = int(os.environ.get("GBE_NEIGHBOURS_SECONDS", "60"))
KEPT = int(os.environ.get("GBE_NEIGHBOURS_CONNECTIONS", "1000"))
MOST_CONNECTIONS = KEPT // 2
MOST_PROCESSES = 256
MOST_MEMORY_GROWTH_KB = 64 * 1024

LISTENER = """
import socket
while True:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
"""

# A server of its own, of which the port and the unix socket are connected to all the time.
CONNECTOR = """
import os, socket, sys, threading
tcp, local = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
local.bind("\\0neighbour-%d" % os.getpid())
local.listen()
def accept(listener):
    while True:
        listener.accept()[0].close()
for listener in (tcp, local):
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
while True:
    for family, address in ((socket.AF_INET, tcp.getsockname()), (socket.AF_UNIX, local.getsockname())):
        with socket.socket(family) as client:
            client.connect(address)
"""


@contextlib.contextmanager
def neighbour(program):
    process = processes.start([sys.executable, "-c", program], priority=10)
    try:
        yield process
        assert process.poll() is None, "it ended by itself"
    finally:
        processes.end(process, signal.SIGKILL)


@contextlib.contextmanager
def repeated(action, every):
    """Does something again and again in a thread of its own."""
    over = threading.Event()

    def work():
        while not over.wait(every):
            with contextlib.suppress(OSError, AssertionError):
                action()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def kill_one(server):
    for pid in server.workers()[:1]:
        os.kill(pid, signal.SIGKILL)


def keep(stack, server, count):
    """Connections that are answered once and kept."""
    for _ in range(count):
        connection = stack.enter_context(Connection(server.address))
        assert connection.exchange("GET", "/hello").status == 200


def use(scrape):
    return scrape.by("gunicorn_bpf_exporter_map_entries", "map"), scrape.by("gunicorn_bpf_exporter_map_capacity", "map")


class Ledger:
    """What the well-behaved application's clients did, and what is shown of it."""

    def __init__(self, server):
        self.server, self.master, self.sent = server, str(server.pid), 0

    def send(self):
        with Connection(self.server.address) as connection:
            assert connection.exchange("GET", "/hello" if self.sent % 3 else "/missing").status == (200 if self.sent % 3 else 404)
        self.sent += 1

    def shown(self, scrape):
        total = lambda name, **labels: scrape.total(name, master_pid=self.master, **labels)
        return {"requests": total("gunicorn_worker_requests_total"),
                "durations": total("gunicorn_worker_request_duration_seconds_count"),
                "failed": total("gunicorn_worker_failed_requests_total", endpoint="/missing"),
                "accepts": total("gunicorn_request_queue_seconds_count", place="accept_queue"),
                "reads": total("gunicorn_request_queue_seconds_count", place="first_read"),
                "exits": total("gunicorn_worker_exits_total"),
                "workers": len(scrape.workers(master_pid=self.master))}

    def expected(self, before):
        gained = {"requests": self.sent, "durations": self.sent, "failed": (self.sent + 2) // 3, "accepts": self.sent, "reads": self.sent}
        return {name: value + gained.get(name, 0) for name, value in before.items()}


def test_hostile_neighbours(directory):
    limits = ["--max-processes", str(MOST_PROCESSES), "--max-connections", str(MOST_CONNECTIONS)]
    with contextlib.ExitStack() as stack:
        exporter = stack.enter_context(Exporter(directory, *limits))
        server = stack.enter_context(Gunicorn(directory, workers=2))
        crashing = stack.enter_context(Gunicorn(directory, workers=2))
        hoarder = stack.enter_context(Gunicorn(directory, "gthread", threads=4, options=["--worker-connections", str(2 * KEPT)]))
        for each in (server, crashing, hoarder):
            wait_for(lambda each=each: len(exporter.scrape().workers(master_pid=str(each.pid))) == each.count, "every Gunicorn")
        ledger = Ledger(server)
        before, memory = ledger.shown(exporter.scrape()), status_field(exporter.process.pid, "VmRSS")
        keep(stack, hoarder, KEPT)
        stack.enter_context(neighbour(LISTENER))
        stack.enter_context(neighbour(CONNECTOR))
        stack.enter_context(repeated(lambda: kill_one(crashing), 0.05))
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for _ in range(20):
                ledger.send()
            scrape = exporter.scrape()
            shown = ledger.shown(scrape)
            assert shown["requests"] == shown["durations"], shown
            entries, capacity = use(scrape)
            assert all(entries[table] <= capacity[table] for table in entries)
            assert entries["processes"] < MOST_PROCESSES / 2, entries
            assert entries["arrivals"] < 100, entries
            assert status_field(exporter.process.pid, "VmRSS") < memory + MOST_MEMORY_GROWTH_KB
            time.sleep(0.2)
        wait_for(lambda: ledger.shown(exporter.scrape()) == ledger.expected(before),
                 lambda: f"{ledger.expected(before)}, not {ledger.shown(exporter.scrape())}")
        lost = {reason for reason, count in exporter.scrape().by("gunicorn_bpf_exporter_events_lost_total", "reason").items() if count}
        assert "connections_full" in lost
        assert lost <= {"connections_full", "dead_workers_dropped"}, lost
        log = exporter.log()
        assert all(f"lost events ({reason})" in log for reason in lost), log
