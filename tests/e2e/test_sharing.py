# SPDX-License-Identifier: BSD-2-Clause
"""A connection belongs to its open file: whoever answers on it, by a duplicate or in a child, answers its request."""

import pytest

from harness.exporter import Exporter
from harness.ledger import from_wire, settle
from harness.server import Gunicorn
from harness.wire import Connection

ANSWERED = ["/dup", "/fork", "/process", "/late-dup", "/late-fork"]
TIMES = 3


def exchange(server, path):
    with Connection(server.address) as connection:
        connection.ask("GET", path)
        response = connection.receive()
        assert response and response.complete and response.status == (503 if path in ANSWERED else 200), path
        if path in ANSWERED:
            assert connection.closed_by_server(), path
        return connection


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_whoever_answers(directory, worker_class):
    with Gunicorn(directory, worker_class, threads=4 if worker_class == "gthread" else None, application="sharing_app") as server, \
            Exporter(directory, pid=server.pid) as exporter:
        for path in [*ANSWERED, "/body", "/late-body", "/bystander", "/hello"]:
            before = exporter.scrape()
            connections = [exchange(server, path) for _ in range(TIMES)]
            settle(exporter, before, from_wire(connections).but(seconds=None))
        assert exporter.scrape().total("gunicorn_worker_open_connections") == 0
