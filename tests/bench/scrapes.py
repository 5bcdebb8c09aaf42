# SPDX-License-Identifier: BSD-2-Clause
"""How long a scrape of many series takes, alone and beside slow clients; writes docs/cost-of-scrapes.md."""

import contextlib
import http.client
import os
import pathlib
import signal
import socket
import statistics
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]

from harness.exporter import Exporter  # noqa: E402
from harness.server import Gunicorn  # noqa: E402
from harness.web import slow_clients  # noqa: E402
from harness.wire import Connection  # noqa: E402
import document  # noqa: E402

SLOW_CLIENTS = 100
METHODS = ("GET", "POST", "PUT", "DELETE")
FORMATS = {
    "text 0.0.4": {"Accept": "text/plain"},
    "OpenMetrics 1.0": {"Accept": "application/openmetrics-text;version=1.0.0"},
    "OpenMetrics 1.0, gzip": {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"},
}
TITLE = """# What a scrape costs

Written by `scripts/bench.sh --scrapes`; not by hand. A Gunicorn of {workers} workers, each of which has answered {methods} methods on {endpoints} paths with a 404,
observed with `--routes`: {series} series. From the request to the page's last byte, over loopback, as a client in Python sees it; medians of
{rounds} scrapes (lowest–highest), the forms taking turns. *Beside {slow} slow clients*: a quarter sends a header that never ends, half of
them dribble a byte each 50 ms, some send nothing at all, and a tenth asks for the page and never reads it. {when}, Linux {kernel}.

| form | bytes | alone, ms | beside {slow} slow clients, ms |
|---|---|---|---|
"""


def page(port, headers):
    """Seconds, and the bytes of the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    begin = time.perf_counter()
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    taken = time.perf_counter() - begin
    connection.close()
    assert answer.status == 200, answer.status
    return taken, len(body)


def rounds_of(port, rounds):
    """By form: milliseconds, and the largest body."""
    taken, size = {name: [] for name in FORMATS}, {}
    for _ in range(rounds):
        for name, headers in FORMATS.items():
            seconds, size[name] = page(port, headers)
            taken[name].append(seconds * 1e3)
    return taken, size


def ask_and_never_read(clients):
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with contextlib.suppress(OSError):  # the exporter may have sent it away
            client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")


def fill(server, endpoints):
    """Each worker answers each method on each path with a 404; meanwhile the others stand still."""
    paths = [f"/page-{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(endpoints)]
    workers = server.workers()
    for worker in workers:
        others = [other for other in workers if other != worker]
        try:
            for other in others:
                os.kill(other, signal.SIGSTOP)
            for method in METHODS:
                for path in paths:
                    with Connection(server.address) as connection:
                        assert connection.exchange(method, path).status == 404
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)


def spread(values):
    return f"**{statistics.median(values):.1f}** ({min(values):.1f}–{max(values):.1f})"


def main():
    given = document.arguments("scrapes", "Measures how long a scrape of many series takes.", workers=22, endpoints=100, rounds=31)
    with document.a_run(given.output) as directory:
        with Gunicorn(directory, "sync", workers=given.workers) as server, Exporter(directory, "--routes", pid=server.pid) as observer:
            fill(server, given.endpoints)
            series = sum(1 for line in observer.get("/metrics")[1].splitlines() if line and not line.startswith("#"))
            alone, size = rounds_of(observer.port, given.rounds)
            with slow_clients(observer.port, SLOW_CLIENTS) as clients:
                ask_and_never_read(clients[3::10])
                beside, _ = rounds_of(observer.port, given.rounds)
        lines = [document.opening(TITLE, given, methods=len(METHODS), series=f"{series:,}", slow=SLOW_CLIENTS).rstrip("\n")]
        lines += [f"| {name} | {size[name]:,} | {spread(alone[name])} | {spread(beside[name])} |" for name in FORMATS]
        document.write_tables(given.output, lines)


if __name__ == "__main__":
    main()
