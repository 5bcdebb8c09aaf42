# SPDX-License-Identifier: BSD-2-Clause
"""Requests of any bytes against real servers: what a strict client saw is what is counted, with the labels of the request that was
answered. The servers decide which of these heads they take."""

import contextlib
import time

import pytest

from harness.exporter import Exporter
from harness.ledger import STAY_SECONDS, check_consistent, from_wire, gained
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
LOST = "gunicorn_bpf_exporter_events_lost_total"
FOUND = "gunicorn_bpf_exporter_connections_resynchronized_total"

LENGTHS = [
    b"Content-Length: 5", b"Content-Length:" + b" " * 60 + b"5", b"Content-Length:5" + b" " * 70, b"Content-Length:\t5\t",
    b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: 0_5", b"Content-Length: \x0b5", b"Content-Length: 5\x0c",
    b"Content-Length:\xa05", b"Content-Length: 5,5", b"Content-Length: 5, 5", b"Content-Length: 5 5", b"Content-Length:",
    b"Content-Length: " + b"0" * 80 + b"5", b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length:\r\n 5", b"Content-Length: 5\r\n ", b"Content-Length: 5\r\n\t\r\n ", b"Content-Length : 5", b"X: " + b"x" * 5000 + b"\r\nContent-Length: 5",
]
CODINGS = [
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked  ", b"Transfer-Encoding:\t chunked \t", b"Transfer-Encoding:" + b" " * 80 + b"chunked",
    b"Transfer-Encoding: chunked" + b" " * 90, b"Transfer-Encoding: CHUNKED", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
    b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\r\n ", b"Transfer-Encoding : chunked", b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"Content-Length: 3\r\nTransfer-Encoding: chunked",
]


# gevent.pywsgi and tornado take the body for the beginning of the next request's method: then its answer is not one to HEAD.
NOT_A_LENGTH = (b"Content-Length: -5", b"Content-Length : 5")
# They pass over these, and refuse the chunks as if they were a request: an answer that no client has asked for.
NOT_FOLLOWED = (
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\r\n ",
)


class Talk:
    """Connections to one server, and what was on their wire."""

    def __init__(self, address):
        self.address, self.connections = address, []

    def open(self):
        self.connections.append(Connection(self.address))
        return self.connections[-1]

    def ask(self, connection, head, body=b""):
        """One request; False: the server has closed."""
        method, path = head.split(b" ")[:2]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sent(method.decode(), path.decode(), connection.send(head + b"\r\n\r\n" + body))
        return connection.receive() is not None

    def case(self, fields, body):
        """A request with these fields, and three others behind it while the server goes on."""
        connection = self.open()
        going_on = self.ask(connection, b"POST /is-404 HTTP/1.1\r\nHost: x\r\n" + fields, body)
        for method, path in (b"HEAD", b"/is-200"), (b"GET", b"/is-418"), (b"GET", b"/is-503"):
            going_on = going_on and self.ask(connection, method + b" " + path + b" HTTP/1.1\r\nHost: x")
        connection.close()

    def wanted(self):
        return from_wire(self.connections).counts


@pytest.fixture(params=["gthread", "gevent_pywsgi", "tornado"])
def server(request, directory):
    with Gunicorn(directory, request.param, threads=4 if request.param == "gthread" else None, application="bytes_app") as running:
        yield running


def settled(exporter, before, wanted):
    """What was counted since `before`, once it is as much as is wanted, and stays so."""
    wait_for(lambda: gained(before, exporter.scrape()).get("connections http", 0) >= wanted.get("connections http", 0), "the closes")
    time.sleep(STAY_SECONDS)
    return gained(before, exporter.scrape())


def test_every_form_of_a_length(server, directory):
    with Exporter(directory, pid=server.pid) as exporter:
        before, talk = exporter.scrape(), Talk(server.address)
        for fields in LENGTHS:
            if server.worker_class == "gthread" or fields not in NOT_A_LENGTH:
                talk.case(fields, b"hello")
        for fields in CODINGS:
            if server.worker_class == "gthread" or fields not in NOT_FOLLOWED:
                talk.case(fields, CHUNKS)
        counted = settled(exporter, before, talk.wanted())
        counted = {name: count for name, count in counted.items() if name.split()[0] in ("requests", "durations", "responses", "failed", "incomplete")}
        wanted = {name: count for name, count in talk.wanted().items() if not name.startswith("connections")}
        assert counted == wanted
        check_consistent(exporter.scrape())


@pytest.fixture(scope="module")
def threaded(directory):
    with Gunicorn(directory, "gthread", threads=16, application="bytes_app") as running:
        yield running


def test_connections_that_were_open_before(threaded, directory):
    talk = Talk(threaded.address)
    idle = [talk.open() for _ in range(8)]
    for connection in idle:
        assert talk.ask(connection, b"GET /hello HTTP/1.1\r\nHost: x")
        connection.responses.clear()  # nobody counted it
    with Exporter(directory, pid=threaded.pid) as exporter:
        before = exporter.scrape()
        for connection, method in zip(idle, (b"PROPFIND", b"LOCK", b"REPORT", b"TRACE", b"M-SEARCH", b"GET", b"DELETE", b"HEAD")):
            head = method + b" /is-404 HTTP/1.1\r\nHost: x\r\n\r\n"
            connection.sent(method.decode(), "/is-404", connection.send(*([head] if method == b"LOCK" else [head[:3], head[3:5], head[5:]]), pause=0.05))
            assert connection.receive().status == 404
            assert talk.ask(connection, b"GET /is-503 HTTP/1.1\r\nHost: x")
            connection.close()
        wanted = talk.wanted()
        wanted = {name.replace("failed M-SEARCH", "failed invalid"): count for name, count in wanted.items()}
        assert settled(exporter, before, wanted) == wanted


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


def test_versions_that_are_echoed(threaded, directory):
    with Exporter(directory, pid=threaded.pid) as exporter:
        before, talk = exporter.scrape(), Talk(threaded.address)
        for digits in (1, 12, 15, 16, 17, 60, 64, 65, 500, 2000):
            connection = talk.open()
            for path in b"/is-410", b"/is-503":
                assert talk.ask(connection, b"GET " + path + b" HTTP/" + b"1" * digits + b".1\r\nHost: x")
            connection.close()
        wanted = talk.wanted()
        assert settled(exporter, before, wanted) == wanted


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
