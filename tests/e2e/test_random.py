# SPDX-License-Identifier: BSD-2-Clause
"""Some thousand random exchanges on concurrent connections: every total must be what the clients saw. A failure
prints its seed; GBE_SEED=<seed> repeats the same exchanges (their interleaving remains the machine's). GBE_TURNS=<turns> is for longer
runs: turns of each of the 8 clients."""

import collections
import os
import random
import threading
import time

import pytest

from harness.exporter import Exporter
from harness.ledger import check_consistent, flat, from_wire, gained
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection, chunked, request_bytes

CLIENTS = 8
TURNS = int(os.environ.get("GBE_TURNS", 200))
PIPELINING = ("gevent", "uvicorn", "asgi")  # the others discard what comes behind the first request
DEEP = [("GET", "/hello"), ("HEAD", "/hello"), ("GET", "/empty"), ("HEAD", "/chunks")]  # of which no label is told
MAY_LOSE = ("pipeline_full",)  # labels only
LABELLED = 30  # requests ahead; beyond that only counts are exact
PLAIN = [
    ("GET", "/hello"), ("GET", "/missing"), ("GET", "/unavailable"), ("GET", "/chunks?n=1"), ("GET", "/chunks?n=20"),
    ("GET", "/empty"), ("GET", "/unmodified"), ("HEAD", "/hello"), ("HEAD", "/missing"), ("DELETE", "/missing"),
    ("GET", "/file?size=20000"), ("GET", "/sleep?s=0.01"),
]


class Client(threading.Thread):
    """Goes through random turns; keeps every connection for the final comparison."""

    def __init__(self, address, seed, pipelines):
        super().__init__()
        self.address, self.random, self.pipelines = address, random.Random(seed), pipelines
        self.connections, self.resets, self.failure, self.connection = [], 0, None, None

    def run(self):
        try:
            for _ in range(TURNS):
                self._turn()
            self._leave()
        except BaseException as failure:  # told by the main thread
            self.failure = failure

    def _turn(self):
        if self.connection is None:
            self.connection = Connection(self.address)
            self.connections.append(self.connection)
        kind = self.random.choices(["plain", "post", "padded", "long", "chunked", "big", "raise", "pipeline", "reset", "fragment"],
                                   [50, 10, 5, 5, 8, 2, 5, 10 if self.pipelines else 0, 3, 3])[0]
        getattr(self, "_" + kind)()
        if self.connection and self.random.random() < 0.3:
            self._leave()

    def _leave(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def _cuts(self, size):
        count = self.random.choice([0, 0, 0, 1, 2, 6])
        return sorted(self.random.sample(range(1, size), min(count, size - 1)))

    def _exchange(self, method, path, status, **details):
        pieces = self._cuts(len(request_bytes(method, path, details.get("headers", ()), details.get("body", b""))))
        response = self.connection.exchange(method, path, pieces=pieces, pause=self.random.uniform(0, 0.003), **details)
        assert response.complete
        assert response.status == status or status is None
        if response.headers.get("connection") == "close":
            assert self.connection.closed_by_server()
            self._leave()
        return response

    def _plain(self):
        headers = {"Connection": "close"} if self.random.random() < 0.1 else {}
        self._exchange(*self.random.choice(PLAIN), None, headers=headers)

    def _post(self):
        size = self.random.choice([1, 100, 1500, 8192, 70000])
        assert self._exchange("POST", "/read", 200, body=b"p" * size).json() == size

    def _sent(self, method, path, head, body=b""):
        self.connection.sent(method, path, self.connection.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + body))
        response = self.connection.receive()
        assert response and response.complete
        return response

    def _padded(self):
        """What every server takes; tests/e2e/test_bytes.py has the other forms."""
        size, before, behind = self.random.choice([1, 100, 9000]), *(" " * self.random.choice([0, 1, 70, 90]) for _ in range(2))
        assert self._sent("POST", "/read", f"Content-Length:{before}{size}{behind}", b"p" * size).json() == size

    def _long(self):
        fields = self.random.randint(1, 80)
        self._sent("GET", "/missing", "\r\n".join(f"X-{number}: {'v' * self.random.choice([1, 60, 64, 65, 600])}" for number in range(fields)))

    def _chunked(self):
        pieces = [b"c" * self.random.choice([1, 10, 1000, 9000]) for _ in range(self.random.randint(1, 5))]
        response = self._exchange("POST", "/read", 200, headers={"Transfer-Encoding": "chunked"}, body=chunked(*pieces))
        assert response.json() == sum(map(len, pieces))

    def _big(self):
        assert self._exchange("GET", "/big?mb=2", 200).length == 2_000_000

    def _raise(self):
        self._exchange("GET", "/raise", 500)

    def _pipeline(self):
        depth = self.random.choice([2, 3, 4, 5, 6, 6, 20, LABELLED, 60, 200])
        requests = [self.random.choice(PLAIN if depth <= 6 else DEEP) for _ in range(depth)]
        moment = self.connection.send(b"".join(request_bytes(method, path) for method, path in requests))
        for method, path in requests:
            self.connection.sent(method, path, moment)
        for _ in requests:
            assert self.connection.receive() is not None

    def _reset(self):
        self.connection.ask("GET", "/sleep?s=0.5")
        time.sleep(0.05)
        self.connection.reset()
        self.connection, self.resets = None, self.resets + 1

    def _fragment(self):
        whole = request_bytes("GET", "/hello")
        self.connection.send(whole[:self.random.randrange(1, len(whole) - 4)])
        self._leave()


@pytest.mark.parametrize("worker_class", ["gthread", "gevent", "uvicorn"])
def test_random_exchanges(directory, worker_class):
    exchange_at_random(directory, worker_class)


def test_random_exchanges_in_roots(directory, root_of):
    exchange_at_random(directory, "asgi", root_of("sid"))


def exchange_at_random(directory, worker_class, root=None):
    seed = int(os.environ.get("GBE_SEED") or random.randrange(1 << 32))
    print(f"GBE_SEED={seed}")
    threads = 12 if worker_class == "gthread" else None
    with Gunicorn(directory, worker_class, threads=threads, root=root) as server, Exporter(directory, pid=server.pid) as exporter:
        before = exporter.scrape()
        clients = [Client(server.address, f"{seed} {number}", worker_class in PIPELINING) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):
            check_consistent(exporter.scrape(), MAY_LOSE)
            time.sleep(0.2)
        for client in clients:
            if client.failure:
                raise AssertionError(f"GBE_SEED={seed}") from client.failure
        connections = [connection for client in clients for connection in client.connections]
        compare(exporter, before, connections, sum(client.resets for client in clients), seed)
        name = "gunicorn_bpf_exporter_map_entries"
        wait_for(lambda: exporter.scrape().total(name, map="connections") == 0, "no connection is left")


def compare(exporter, before, connections, resets, seed):
    seen = from_wire(connections).counts

    def ended():
        found = gained(before, exporter.scrape())
        return sum(count for name, count in found.items() if name.startswith("connections ")) >= len(connections)

    wait_for(ended, lambda: f"{len(connections)} ended connections: {gained(before, exporter.scrape())}")
    found = collections.Counter(gained(before, exporter.scrape()))
    # A reset that comes before the worker has read the request leaves none to abort.
    assert 0 <= found.pop("aborted client", 0) <= resets
    kinds = {name: found.pop(name) for name in list(found) if name.startswith("connections ")}
    assert found == {name: count for name, count in seen.items() if not name.startswith("connections ")}, f"GBE_SEED={seed}"
    assert kinds["connections http"] == seen["connections http"], f"GBE_SEED={seed}"
    assert sum(kinds.values()) == len(connections), f"GBE_SEED={seed}: {kinds}"
    check_consistent(exporter.scrape(), MAY_LOSE)
    assert flat(exporter.scrape())["requests"] >= 1000
