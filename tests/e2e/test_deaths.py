# SPDX-License-Identifier: BSD-2-Clause
"""Five hundred workers die under load: each is one exit and one restart, and nothing of them is left."""

import os
import random
import signal
import threading
import time

from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

DEATHS = 500
WORKERS = 4
RETENTION_SECONDS = 3
TIDY_SECONDS = 5  # the exporter drops what is past its retention time so often


def load(server, ended):
    """Requests without a pause; a worker that dies takes its connection along."""
    while not ended.is_set():
        try:
            with Connection(server.address) as connection:
                connection.ask("GET", "/hello")
                connection.receive()
        except (OSError, AssertionError):
            pass


def kill_one(server, dead, seen):
    """Any of the workers that were there a moment ago; each once. Gunicorn itself loses a worker that ends before fork()
    has returned in its master: it is never replaced."""
    living = [pid for pid in server.workers() if pid not in dead]
    if old_enough := seen.intersection(living):
        pid = random.choice(sorted(old_enough))
        os.kill(pid, signal.SIGKILL)
        dead.add(pid)
    seen.update(living)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def entries(exporter):
    scrape = exporter.scrape()
    return scrape.by("gunicorn_bpf_exporter_map_entries", "map")


def test_deaths_under_load(directory):
    with Gunicorn(directory, workers=WORKERS) as server:
        with Exporter(directory, "--retention", f"{RETENTION_SECONDS}s", pid=server.pid) as exporter:
            before, files = entries(exporter), descriptors(exporter.process.pid)
            ended, dead, seen = threading.Event(), set(), set()
            clients = [threading.Thread(target=load, args=(server, ended)) for _ in range(3)]
            for client in clients:
                client.start()
            try:
                deadline = time.monotonic() + 150
                while len(dead) < DEATHS and time.monotonic() < deadline:
                    kill_one(server, dead, seen)
                    time.sleep(random.uniform(0.01, 0.06))
            finally:
                ended.set()
                for client in clients:
                    client.join()
            assert len(dead) == DEATHS
            wait_for(lambda: len(server.workers()) == WORKERS, "all workers are back")

            def totals():
                scrape = exporter.scrape()
                return {"killed": scrape.total("gunicorn_worker_exits_total", reason="killed"),
                        "exits": scrape.total("gunicorn_worker_exits_total"),
                        "restarts": scrape.total("gunicorn_master_worker_restarts_total"),
                        "spawns": scrape.total("gunicorn_master_worker_spawns_total")}

            expected = {"killed": DEATHS, "exits": DEATHS, "restarts": DEATHS, "spawns": DEATHS}
            wait_for(lambda: totals() == expected, lambda: f"{expected}, not {totals()}")
            scrape = exporter.scrape()
            assert len(scrape.workers()) == WORKERS
            ages = sorted(int(worker.split("_")[1]) for worker in scrape.workers())
            assert ages[-1] == DEATHS + WORKERS
            # Every dead worker's series go after the retention time, and with them what the kernel kept.
            series = lambda: {labels["worker_id"] for labels, _ in exporter.scrape().select("gunicorn_worker_requests_total")}
            wait_for(lambda: series() == exporter.scrape().workers(),
                     lambda: f"{len(series())} workers with counters", seconds=RETENTION_SECONDS + 2 * TIDY_SECONDS)
            wait_for(lambda: entries(exporter) == before, lambda: f"{before}, not {entries(exporter)}")
            # Connections of scrapes come and go.
            wait_for(lambda: descriptors(exporter.process.pid) <= files, f"{files} descriptors again")
            lost = exporter.scrape().by("gunicorn_bpf_exporter_events_lost_total", "reason")
            assert not any(lost.values()), lost
            assert totals() == expected
