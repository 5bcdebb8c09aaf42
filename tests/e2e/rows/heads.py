# SPDX-License-Identifier: BSD-2-Clause
"""Request heads: in pieces, with odd targets, malformed, or with expectations."""

import time

from harness.wire import request_bytes
from rows import ALL, row


@row(ALL)
def head_in_three_pieces(net):
    with net.open() as connection:
        connection.ask("GET", "/missing", pieces=[3, 12], pause=0.1)
        assert connection.receive().status == 404


@row(ALL)
def head_byte_by_byte(net):
    with net.open() as connection:
        size = len(request_bytes("DELETE", "/missing"))
        connection.ask("DELETE", "/missing", pieces=range(1, size), pause=0.0005)
        assert connection.receive().status == 404


@row(ALL)
def large_head(net):
    headers = [(f"X-Header-{number}", "v" * 60) for number in range(80)]
    with net.open() as connection:
        connection.ask("GET", "/missing", headers=headers, pieces=[2000], pause=0.02)
        assert connection.receive().status == 404


@row(ALL)
def long_target(net):
    """Longer than what is kept of a request line; the query is the long part, so the path is still known."""
    assert net.get("/missing?q=" + "x" * 1500).status == 404


@row("STGEU")
def every_method(net):
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        assert net.one(method, "/missing").status == 404
    with net.open() as connection:
        assert connection.exchange("FROBNICATE", "/missing").status in (400, 404)
        connection.responses[-1].method = "invalid"


@row(ALL, without="O")
def targets_in_other_forms(net):
    with net.open() as connection:
        connection.ask("GET", "http://test/missing?x=1")
        answer = connection.receive()
        assert answer.status == 404
        answer.path = "/missing"
    assert net.one("OPTIONS", "*").status == 404


@row("STGE")
def connect_method(net):
    assert net.one("CONNECT", "example.org:443").status == 404


@row("STGEU")
def expect_continue(net):
    with net.open() as connection:
        data = request_bytes("POST", "/read", headers={"Expect": "100-continue"}, body=b"z" * 1000)
        connection.sent("POST", "/read", connection.send(data[:-1000]))
        time.sleep(0.1)
        connection.send(data[-1000:])
        answer = connection.receive()
        assert (answer.status, answer.interim) == (200, [100])


@row("STGEUA")
def garbage_request_line(net):
    """The answer counts; there was no request to name."""
    with net.open() as connection:
        connection.sent("invalid", "invalid", connection.send(b"hello there\r\n\r\n"))
        assert connection.receive().status == 400


@row("S")
def header_over_the_limit(net):
    with net.open() as connection:
        data = request_bytes("GET", "/hello", headers={"X-Long": "x" * 9000})
        connection.sent("GET", "/hello", connection.send(data))
        assert connection.receive().status in (400, 431)


@row("STGE")
def blank_lines_first(net):
    with net.open() as connection:
        connection.sent("GET", "/missing", connection.send(b"\r\n" + request_bytes("GET", "/missing")))
        # RFC 9112 section 2.2 wants them ignored; Gunicorn 20.1 takes the first for the request line.
        assert connection.receive().status in (400, 404)


@row("TG", since=25)
def early_hints(net):
    with net.open() as connection:
        answer = connection.exchange("GET", "/hints")
        assert (answer.status, answer.interim) == (200, [103])
