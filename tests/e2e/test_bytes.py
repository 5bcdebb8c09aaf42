# SPDX-License-Identifier: BSD-2-Clause
"""What odd bytes are counted as beside responses: protocol errors, lost places that were found again. test_kinds.py has the exchanges
themselves, with every server."""

import pytest

from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.talk import Talk, settled

LOST = "gunicorn_bpf_exporter_events_lost_total"
FOUND = "gunicorn_bpf_exporter_connections_resynchronized_total"


@pytest.fixture(scope="module")
def threaded(directory):
    with Gunicorn(directory, "gthread", threads=16, application="bytes_app") as running:
        yield running


def test_bodies_where_there_should_be_none(threaded, directory):
    with Exporter(directory, pid=threaded.pid) as exporter:
        before, talk = exporter.scrape(), Talk(threaded.address)
        for path in b"/forged", b"/bold", b"/is-204":
            connection = talk.open()
            for _ in range(2):
                assert talk.ask(connection, b"%s %s HTTP/1.1\r\nHost: x" % (b"GET" if path == b"/is-204" else b"HEAD", path))
                wait_for(lambda: connection._unread or connection._receive(), "the body that should not be there")
                connection._unread = b""
                assert talk.ask(connection, b"GET /is-404 HTTP/1.1\r\nHost: x")
            connection.close()
        wanted = talk.wanted()
        assert settled(exporter, before, wanted) == wanted | {"protocol errors unexpected_response": 2, "protocol errors unexpected_bytes": 4}


def test_deep_pipelines_and_long_heads(directory):
    with Gunicorn(directory, "uvicorn") as server, Exporter(directory, pid=server.pid) as exporter:
        before, talk = exporter.scrape(), Talk(server.address)
        for depth in (17, 60, 200):
            connection = talk.open()
            heads = []
            for i in range(depth):
                method = "HEAD" if i % 12 == 5 else "GET"
                heads.append(f"{method} /hello HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                connection.sent(method, "/hello")
            connection.send(b"".join(heads))
            for _ in range(depth):
                assert connection.receive().complete
            assert talk.ask(connection, b"HEAD /missing HTTP/1.1\r\nHost: x")
            assert talk.ask(connection, b"GET /unavailable HTTP/1.1\r\nHost: x")
            connection.close()
        for fields in (b"X: v\r\n" * 6000 + b"Host: x", b"X: " + b"v" * 63_000):
            connection = talk.open()
            assert talk.ask(connection, b"GET /missing HTTP/1.1\r\n" + fields)
            assert talk.ask(connection, b"HEAD /missing HTTP/1.1\r\nHost: x")
            connection.close()
        connection = talk.open()  # a head that httptools takes and others do not
        assert talk.ask(connection, b"POST /missing HTTP/1.1\r\nHost: x\r\nContent-Length : 5", b"hello")
        assert talk.ask(connection, b"GET /unavailable HTTP/1.1\r\nHost: x")
        connection.close()
        wanted = talk.wanted()
        assert settled(exporter, before, wanted) == wanted
        lost = {labels["reason"]: value for labels, value in exporter.scrape().select(LOST) if value}
        assert set(lost) <= {"pipeline_full"}
        assert exporter.scrape().total(FOUND, reason="request_end") == 1
