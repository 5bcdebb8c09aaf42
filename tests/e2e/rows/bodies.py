# SPDX-License-Identifier: BSD-2-Clause
"""Responses and request bodies: framing by length, by chunks, by close, and by nothing."""

import time

from harness.processes import wait_for
from harness.wire import chunked, request_bytes
from rows import ALL, KEEP_ALIVE, WSGI, row


@row(ALL)
def get_with_length(net):
    assert net.get("/hello").length == 13


@row(ALL)
def not_found(net):
    assert net.get("/missing").status == 404
    assert net.get("/missing").status == 404
    assert net.one("POST", "/nowhere", body=b"abc").status == 404


@row(ALL)
def slow_answer(net):
    # Event loops round: uvloop's timers count whole milliseconds from when the loop woke up.
    assert net.get("/sleep?s=0.3").seconds >= 0.29


@row(ALL)
def explicit_503(net):
    assert net.get("/unavailable").status == 503


@row(ALL, without="O")
def exception_before_the_head(net):
    assert net.get("/raise").status == 500


@row("O")
def exception_without_an_answer(net):
    """tornado's WSGI container closes the connection and says nothing."""
    with net.open() as connection:
        connection.ask("GET", "/raise")
        assert connection.receive() is None
    return net.seen().but(aborted__server=1, connections__aborted=1)


@row(ALL)
def chunked_response(net):
    answer = net.get("/chunks?n=3")
    assert (answer.status, answer.complete, answer.length) == (200, True, 24)
    # tornado and asgi put the first chunk beside the head
    assert net.get("/chunks?n=40").complete


@row("STGE")
def file_with_length(net):
    answer = net.get("/file")
    assert (answer.length, answer.complete) == (300000, True)


@row("STGE")
def file_in_chunks(net):
    answer = net.get("/file?length=no&size=3000000")
    assert (answer.length, answer.complete) == (3000000, True)
    assert "chunked" in answer.headers["transfer-encoding"]
    return net.seen().but(tolerance=0.02)  # the reader is behind the kernel's buffers


@row("STGE")
def file_until_close(net):
    answer = net.get("/file?length=no", version="1.0")
    assert (answer.length, answer.complete) == (300000, True)


@row("TGE")
def file_on_keep_alive(net):
    with net.open() as connection:
        for _ in range(3):
            assert connection.exchange("GET", "/file").length == 300000
            assert connection.exchange("GET", "/hello").length == 13


@row(ALL)
def three_megabytes(net):
    assert net.get("/big?mb=3").length == 3_000_000
    return net.seen().but(tolerance=0.02)  # the reader is behind the kernel's buffers


@row("STGEUA")
def slow_reader(net):
    """The duration ends when the kernel took the last byte, long before the reader has it."""
    with net.open(receive_buffer=65536) as connection:
        connection.ask("GET", "/big?mb=24")
        answer = connection.receive(size=65536, pause=0.001)
        assert (answer.length, answer.complete) == (24_000_000, True)
    written = wait_for(lambda: net.server.noted("big 24000000"), "the application's note")
    if net.server.worker_class in ("uvicorn", "asgi"):
        # What the application knows is when it gave the last byte to its server, which buffers.
        return net.seen().but(seconds=None)
    return net.seen().but(seconds=written["left"] - written["entered"], tolerance=0.03)


@row(KEEP_ALIVE)
def bodiless_then_get(net):
    with net.open() as connection:
        assert connection.exchange("GET", "/empty").status == 204
        assert connection.exchange("GET", "/hello").status == 200
        assert connection.exchange("GET", "/unmodified").status == 304
        assert connection.exchange("GET", "/hello").status == 200
        assert connection.exchange("HEAD", "/hello").status == 200
        yield  # HEAD is complete at the end of its head
        assert connection.exchange("GET", "/missing").status == 404


@row("S")
def head_with_a_body(net):
    """An application that sends a body to HEAD: the response is complete before it. Gunicorn 26 leaves the body out."""
    with net.open() as connection:
        assert connection.exchange("HEAD", "/bold").status == 200
        is_over = connection.closed_by_server()
        while connection._receive():  # up to the end
            pass
    return net.seen() if is_over else net.seen().but(protocol__errors__unexpected_bytes=1)


@row("S")
def bodiless_alone(net):
    assert net.get("/empty").status == 204
    assert net.get("/unmodified").status == 304
    assert net.one("HEAD", "/hello").status == 200
    assert net.one("HEAD", "/missing").status == 404


@row(ALL)
def post_200_kb(net):
    assert net.one("POST", "/read", body=b"z" * 200_000).json() == 200_000


@row(ALL)
def post_in_pieces(net):
    with net.open() as connection:
        data = request_bytes("POST", "/read", body=b"z" * 5000)
        head = data.index(b"\r\n\r\n") + 4
        connection.ask("POST", "/read", body=b"z" * 5000, pieces=[head, head + 100, head + 4000], pause=0.05)
        assert connection.receive().json() == 5000


@row(ALL)
def post_in_chunks(net):
    body = chunked(b"a" * 10, b"b" * 70000, b"c")
    with net.open() as connection:
        connection.ask("POST", "/read", headers={"Transfer-Encoding": "chunked"}, body=body)
        assert connection.receive().json() == 70011


@row("TGEUA")
def post_in_chunks_then_get(net):
    with net.open() as connection:
        answer = connection.exchange("POST", "/read", headers={"Transfer-Encoding": "chunked"}, body=chunked(b"a" * 10, b"b" * 500))
        assert answer.json() == 510
        assert connection.exchange("GET", "/missing").status == 404


@row("STGE")
def body_never_read(net):
    with net.open() as connection:
        assert connection.exchange("POST", "/unread", body=b"GET /phantom HTTP/1.1\r\n\r\n" * 20).status == 200


@row("STGE")
def answer_before_the_body(net):
    with net.open() as connection:
        data = request_bytes("POST", "/unread", body=b"z" * 20000)
        connection.sent("POST", "/unread", connection.send(data[:-20000]))
        answer = connection.receive()
        assert answer.status == 200


@row(ALL)
def request_after_a_pause(net):
    """Waiting for the first byte is no part of a request."""
    with net.open() as connection:
        time.sleep(0.4)
        assert connection.exchange("GET", "/hello").seconds < 0.3


@row(WSGI)
def bodies_that_look_like_heads(net):
    body = b"POST /phantom HTTP/1.1\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 Phantom\r\n\r\n"
    assert net.one("POST", "/read", body=body).json() == len(body)
