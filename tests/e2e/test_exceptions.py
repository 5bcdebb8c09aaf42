# SPDX-License-Identifier: BSD-2-Clause
"""error_type is the class of the exception behind a response, for what reaches the server itself."""

import threading

import pytest

from harness.exporter import Exporter
from harness.ledger import check_consistent
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

ERRORS = "gunicorn_worker_error_handling_total"
EACH = 100  # of each kind, by several clients at once


def errors(exporter):
    return exporter.scrape().by(ERRORS, "method", "endpoint", "error_type")


def settled(exporter, expected):
    wait_for(lambda: errors(exporter) == expected, 5, lambda: f"{expected}, not {errors(exporter)}")
    check_consistent(exporter.scrape())


def ask(server, path):
    with Connection(server.address) as connection:
        return connection.exchange("GET", path).status


def ask_mixed(server, paths):
    """Failing, refusing and healthy requests, all interleaved."""
    def some():
        for _ in range(EACH // 4):
            for path, status in paths:
                assert ask(server, path) == status

    wrong = []

    def run():
        try:
            some()
        except Exception as error:
            wrong.append(error)

    clients = [threading.Thread(target=run) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert not wrong, wrong


PATHS = [("/raise", 500), ("/hello", 200), ("/unavailable", 503), ("/raise-key", 500), ("/swallow", 200), ("/raise-from", 500)]
EXPECTED = {("GET", "/raise", "ValueError"): EACH, ("GET", "/unavailable", "unknown"): EACH,
            ("GET", "/raise-key", "KeyError"): EACH, ("GET", "/raise-from", "LookupFailed"): EACH}


def by_class(directory, worker_class, root=None):
    threads = 4 if worker_class == "gthread" else None
    with Gunicorn(directory, worker_class, threads=threads, root=root) as server:
        with Exporter(directory, pid=server.pid) as exporter:
            ask_mixed(server, PATHS)
            settled(exporter, EXPECTED)
            (found,) = exporter.scrape().select("gunicorn_bpf_exporter_python")
            assert found[0]["layout"] == "ok" and found[0]["version"].startswith("3.")


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "eventlet"])
def test_plain_wsgi(directory, worker_class):
    by_class(directory, worker_class)


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
@pytest.mark.parametrize("suite", ["bullseye", "trixie", "sid"])
def test_plain_wsgi_in_roots(directory, root_of, suite, worker_class):
    by_class(directory, worker_class, root=root_of(suite))


@pytest.mark.parametrize("request_bytes, name", [
    (b"nonsense\r\n\r\n", "InvalidRequestLine"),
    (b"GET / HTTP/one\r\n\r\n", "InvalidHTTPVersion"),
    (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", "InvalidHeaderName"),
    (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", "LimitRequestLine"),
])
def test_what_the_parser_refuses(directory, request_bytes, name):
    with Gunicorn(directory) as server, Exporter(directory, pid=server.pid) as exporter:
        with Connection(server.address) as connection:
            connection.send(request_bytes)
            assert connection.receive().status == 400
        wait_for(lambda: exporter.scrape().by(ERRORS, "error_type") == {name: 1}, 3,
                 lambda: f"{name}, not {exporter.scrape().select(ERRORS)}")
        ask(server, "/nothing-here")
        check_consistent(exporter.scrape())
        assert exporter.scrape().by(ERRORS, "error_type") == {name: 1}, "a 404 is no error of the worker"


def test_workers_that_are_born_later(directory):
    """A fork has its master's Python; nobody tells the kernel about it anew. Some live for a few milliseconds only."""
    with Gunicorn(directory, options=["--max-requests", "3"]) as server, Exporter(directory, pid=server.pid) as exporter:
        for _ in range(12):
            assert ask(server, "/raise") == 500
        settled(exporter, {("GET", "/raise", "ValueError"): 12})
