# SPDX-License-Identifier: BSD-2-Clause
"""Exceptions that somebody has handled: the application, which is no error; a framework, whose server then says nothing of it; and
Gunicorn, which refuses a request."""

import time

import pytest

from harness.exporter import Exporter
from harness.failures import at_once, errors, serve, settled
from harness.processes import wait_for
from harness.wire import Connection

TIMES = 5
CLIENTS = 8
ABORTED = "gunicorn_worker_requests_aborted_total"
FAILED = "gunicorn_worker_failed_requests_total"
PARTS = "gunicorn_worker_responses_incomplete_total"
LOGGERS = ["gunicorn.error", "django.request", "uvicorn.error"]


def get_over(server, logger, version):
    with Connection(server.address) as connection:
        connection.ask("GET", f"/get-over?logger={logger}", version=version)
        assert connection.receive().status == 200


def leave(server, logger):
    with Connection(server.address, receive_buffer=4096) as connection:
        connection.ask("GET", f"/get-over?mb=3&logger={logger}")
        connection.socket.recv(1000)
        connection.reset()


def check_what_an_application_gets_over(server, exporter):
    for logger in LOGGERS:
        for _ in range(TIMES):
            get_over(server, logger, "1.0")
            get_over(server, logger, "1.1")
            leave(server, logger)
    with Connection(server.address) as connection:
        assert connection.exchange("GET", "/unavailable").status == 503
    settled(exporter, {("GET", "/unavailable", "unknown"): 1})
    wait_for(lambda: exporter.scrape().by(PARTS, "by").get("client") == TIMES * len(LOGGERS), lambda: f"{exporter.scrape().by(PARTS, 'by')}")


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "eventlet", "tornado", "uvicorn"])
def test_what_an_application_gets_over(directory, worker_class):
    with serve(directory, worker_class) as server, Exporter(directory, pid=server.pid) as exporter:
        check_what_an_application_gets_over(server, exporter)


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "asgi"])
def test_what_an_application_gets_over_in_roots(directory, root_of, worker_class):
    with serve(directory, worker_class, root=root_of("sid")) as server, Exporter(directory, pid=server.pid) as exporter:
        check_what_an_application_gets_over(server, exporter)


def test_equal_exceptions_close_together_in_roots(directory, root_of):
    """Before the head a framework answers, and the server says nothing; after it the server logs."""
    def mixed():
        for _ in range(20):
            for path, status in (("/sold-out", 500), ("/sold-out-late", 200)):
                with Connection(server.address) as connection:
                    connection.ask("GET", path)
                    assert connection.receive().status == status

    options = ["--asgi-loop", "asyncio"]
    with serve(directory, "asgi", application="starlette_app", root=root_of("sid"), options=options) as server:
        with Exporter(directory, pid=server.pid) as exporter:
            at_once(CLIENTS, mixed)
            settled(exporter, {("GET", "/sold-out", "SoldOut"): 20 * CLIENTS, ("GET", "/sold-out-late", "SoldOut"): 20 * CLIENTS})


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_loop_makes_no_difference_in_roots(directory, root_of, loop):
    with serve(directory, "asgi", application="starlette_app", root=root_of("sid"), options=["--asgi-loop", loop]) as server:
        with Exporter(directory, pid=server.pid) as exporter:
            for _ in range(TIMES):
                with Connection(server.address) as connection:
                    assert connection.exchange("GET", "/give-up").status == 503
            settled(exporter, {("GET", "/give-up", "unknown"): TIMES})


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_who_ends_a_request_in_roots(directory, root_of, worker_class):
    """Gunicorn 26 shuts the connection down and then reads up to the client's end."""
    with serve(directory, worker_class, application="endings_app", root=root_of("sid")) as server:
        with Exporter(directory, pid=server.pid) as exporter:
            for _ in range(8):
                with Connection(server.address) as connection:
                    connection.ask("GET", "/OSError/call")
                    assert connection.receive() is None
            wait_for(lambda: exporter.scrape().by(ABORTED, "by").get("server") == 8, lambda: f"{exporter.scrape().by(ABORTED, 'by')}")
            assert not exporter.scrape().by(ABORTED, "by").get("client")
            assert errors(exporter) == {("GET", "/OSError/call", "OSError"): 8}


def check_a_proxy_line_without_the_option(server, exporter):
    """It is the request line that the server refuses, and what follows is never looked at."""
    time.sleep(1.5)  # until the master was seen where it waits
    for _ in range(TIMES):
        with Connection(server.address) as connection:
            connection.send(b"PROXY TCP4 127.0.0.1 127.0.0.1 40000 80\r\nGET /missing HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.receive().status == 400
    wait_for(lambda: exporter.scrape().by(FAILED, "method", "endpoint") == {("invalid", "invalid"): TIMES},
             lambda: f"{exporter.scrape().by(FAILED, 'method', 'endpoint')}")


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "uvicorn"])
def test_a_proxy_line_without_the_option(directory, worker_class):
    with serve(directory, worker_class) as server, Exporter(directory, pid=server.pid) as exporter:
        check_a_proxy_line_without_the_option(server, exporter)


@pytest.mark.parametrize("worker_class", ["sync", "asgi"])
def test_a_proxy_line_without_the_option_in_roots(directory, root_of, worker_class):
    with serve(directory, worker_class, root=root_of("sid")) as server, Exporter(directory, pid=server.pid) as exporter:
        check_a_proxy_line_without_the_option(server, exporter)


CHUNKED = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("worker_class, sent, name, label", [
    ("sync", CHUNKED + b"5\r\nhelloXX", "ChunkMissingTerminator", ("POST", "/read")),
    ("gthread", CHUNKED + b"5\r\nhelloXX", "ChunkMissingTerminator", ("POST", "/read")),
    ("gthread", CHUNKED + b"zz\r\nhello", "InvalidChunkSize", ("POST", "/read")),
    ("asgi", b"GET /a HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n", "InvalidHeaderName", ("GET", "/a")),
])
def test_what_newer_parsers_refuse_in_roots(directory, root_of, worker_class, sent, name, label):
    options = ["--asgi-loop", "asyncio"] if worker_class == "asgi" else []
    with serve(directory, worker_class, root=root_of("sid"), options=options) as server:
        with Exporter(directory, pid=server.pid) as exporter:
            with Connection(server.address) as connection:
                connection.send(sent)
                assert connection.receive().status == 400
            settled(exporter, {(*label, name): 1})
            assert exporter.scrape().total(FAILED) == 1
