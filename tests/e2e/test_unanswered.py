# SPDX-License-Identifier: BSD-2-Clause
"""A request that an exception of the application's ends without a response is an error of that class; it is counted once,
and in nothing that counts responses. What the wire shows decides whether there was a response."""

import time

import pytest

from harness.exporter import Exporter
from harness.failures import FAILED, errors, serve
from harness.ledger import check_consistent
from harness.processes import wait_for
from harness.wire import Connection

ABORTED = "gunicorn_worker_requests_aborted_total"
REQUESTS = "gunicorn_worker_requests_total"
TIMES = 5
CLASS_OF = {"refused": "ConnectionRefusedError", "silent": "TimeoutError", "reset": "ConnectionResetError", "EPIPE": "BrokenPipeError"}
# Up to Python 3.9 a class of its own (socket.timeout).
OF_OLD_PYTHON = {**CLASS_OF, "silent": "timeout"}
# Gunicorn says nothing of these: not even that there was an exception. Tornado logs them.
NOT_LOGGED = ("reset", "EPIPE", "StopIteration")


def is_told(kind, worker_class, unlogged):
    return kind not in NOT_LOGGED or unlogged or worker_class == "tornado"


ORDINARY = [(kind, "call") for kind in ("ConnectionError", "TimeoutError", "ConnectionResetError", "BrokenPipeError", "OSError", "DatabaseGone",
                                        "refused", "silent", "reset", "EPIPE", "StopIteration", "ValueError")]
ORDINARY += [("ConnectionError", place) for place in ("iterator", "close", "middleware", "write")]
FATAL = [(kind, "call") for kind in ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "Ended")]
WSGI = ["sync", "gthread", "gevent", "eventlet", "tornado"]


def answer(server, path):
    """The status, or None where the server closed without one. The worker before may have ended of its exception."""
    def ask():
        try:
            with Connection(server.address) as connection:
                connection.ask("GET", path)
                return connection.receive()
        except ConnectionRefusedError:
            return False

    response = wait_for(lambda: [got] if (got := ask()) is not False else None, "somebody listens")[0]
    return response.status if response else None


def counts(exporter):
    scrape = exporter.scrape()
    return {"errors": errors(exporter), "aborted": scrape.total(ABORTED, by="server"), "requests": scrape.total(REQUESTS),
            "failed": scrape.total(FAILED)}


def gained(before, after):
    """Workers that have ended keep their counts."""
    found = {key: after["errors"][key] - before["errors"].get(key, 0) for key in after["errors"]}
    return {**{name: after[name] - before[name] for name in ("aborted", "requests", "failed")}, "errors": {key: count for key, count in found.items() if count}}


def expected(kind, path, statuses, is_told, classes):
    """A call that answers 200 has raised nothing: eventlet's sockets read a reset as the end."""
    silent = sum(status is None for status in statuses)
    answered = len(statuses) - silent
    name = classes.get(kind, kind)
    failed = sum(status is not None and (status >= 500 or not path.endswith("/call")) for status in statuses)
    types = {name: failed} if failed else {}
    if silent:
        told = name if is_told else "unknown"
        types[told] = types.get(told, 0) + silent
    return {"aborted": silent, "requests": answered, "failed": sum(status is not None and status >= 400 for status in statuses),
            "errors": {("GET", path, told): count for told, count in types.items()}}


def check(server, exporter, kind, place, is_told, times, classes):
    path = f"/{kind}/{place}"
    before = counts(exporter)
    statuses = [answer(server, path) for _ in range(times)]
    want = expected(kind, path, statuses, is_told, classes)
    wait_for(lambda: gained(before, counts(exporter)) == want, lambda: f"{path} {statuses}: {want}, not {gained(before, counts(exporter))}")
    check_consistent(exporter.scrape())
    if None not in statuses:
        return str(statuses[0])
    return "no response" if is_told else "no response, *unknown*"


def tells_what_nobody_logs(server, exporter):
    """Once the exporter has seen the master where it waits, it tells an application's exception from the server's own; or the server says
    itself what it was."""
    before = counts(exporter)
    if answer(server, "/EPIPE/call") is not None:
        return True
    time.sleep(0.5)
    return gained(before, counts(exporter))["errors"]


def run(directory, worker_class, kinds, record_property, unlogged=False, times=TIMES, classes=None, **details):
    shown = {}
    # On eventlet a response without an end lasts as long as its connection is kept.
    with serve(directory, worker_class, application="endings_app", options=["--keep-alive", "2"], **details) as server:
        with Exporter(directory, *(["--python-unlogged"] if unlogged else []), pid=server.pid) as exporter:
            wait_for(lambda: tells_what_nobody_logs(server, exporter), "the master was seen where it waits")
            for kind, place in kinds:
                shown[f"{kind} {place}"] = check(server, exporter, kind, place, is_told(kind, worker_class, unlogged), times, classes or CLASS_OF)
    record_property("endings", {"worker_class": worker_class, "unlogged": unlogged, "shown": shown})


@pytest.mark.parametrize("worker_class", WSGI)
def test_ordinary(directory, worker_class, record_property):
    run(directory, worker_class, ORDINARY, record_property)


@pytest.mark.parametrize("worker_class", ["sync", "eventlet", "tornado"])
def test_fatal(directory, worker_class, record_property):
    """The worker ends of them, but for tornado's."""
    run(directory, worker_class, FATAL, record_property, times=2)


@pytest.mark.parametrize("suite, worker_class", [(suite, worker_class) for suite in ("bullseye", "trixie", "sid") for worker_class in ("sync", "gthread", "gevent")])
def test_in_roots(directory, root_of, suite, worker_class, record_property):
    run(directory, worker_class, ORDINARY, record_property, root=root_of(suite), classes=OF_OLD_PYTHON if suite == "bullseye" else CLASS_OF)


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent"])
def test_a_probe_sees_what_nobody_logs(directory, worker_class, record_property):
    run(directory, worker_class, [(kind, "call") for kind in NOT_LOGGED], record_property, unlogged=True)


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "eventlet", "tornado"])
def test_a_client_that_leaves_is_no_error(directory, worker_class):
    """Its reset is read while the body is awaited, or met while the answer is written."""
    with serve(directory, worker_class, application="endings_app") as server, Exporter(directory, pid=server.pid) as exporter:
        for _ in range(TIMES):
            with Connection(server.address) as connection:
                connection.send(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
                time.sleep(0.05)
                connection.reset()
            with Connection(server.address, receive_buffer=4096) as connection:
                connection.ask("GET", "/big?mb=3")
                connection.socket.recv(1000)
                connection.reset()
        assert answer(server, "/hello") == 200
        time.sleep(1)
        scrape = exporter.scrape()
        assert errors(exporter) == {}
        assert scrape.by(ABORTED, "by").get("server", 0) == 0


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_a_worker_that_is_told_to_quit_raises_no_error(directory, worker_class):
    with serve(directory, worker_class, application="endings_app") as server, Exporter(directory, pid=server.pid) as exporter:
        time.sleep(1.5)
        with Connection(server.address) as connection:
            connection.ask("GET", "/sleep?s=30")
            time.sleep(0.3)
            server.signal(2)  # SIGINT: Gunicorn raises SystemExit in the worker
            connection.socket.settimeout(15)
            assert connection.receive() is None
        time.sleep(1)
        assert errors(exporter) == {}


@pytest.mark.parametrize("path, version, want", [("/chunks", "1.0", {}), ("/raise-late", "1.1", {("GET", "/raise-late", "ValueError"): TIMES})])
def test_what_pywsgi_handles_when_it_closes(directory, path, version, want):
    """It drains its socket first, inside of whose BlockingIOError it closes; an exception after the head it only prints."""
    with serve(directory, "gevent_pywsgi") as server, Exporter(directory, pid=server.pid) as exporter:
        time.sleep(1.5)
        for _ in range(TIMES):
            with Connection(server.address) as connection:
                connection.ask("GET", path, version=version)
                assert connection.receive().status == 200
        wait_for(lambda: exporter.scrape().total(REQUESTS) >= TIMES, "all are counted")
        wait_for(lambda: errors(exporter) == want, lambda: f"{want}, not {errors(exporter)}")
        time.sleep(0.5)
        assert errors(exporter) == want
