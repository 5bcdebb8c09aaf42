# SPDX-License-Identifier: BSD-2-Clause
"""error_type is the class of the exception behind a response, or `unknown`; never another's."""

import pathlib
import time

import pytest

from harness.exporter import Exporter
from harness.failures import (
    ASYNC, CLIENTS, ERRORS, FAILED, WSGI, ask, at_once, serve, settled, tied)
from harness.ledger import check_consistent
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

INCOMPLETE = "gunicorn_worker_responses_incomplete_total"


@pytest.mark.parametrize("worker_class", WSGI)
def test_plain_wsgi(directory, worker_class, record_property):
    tied(directory, worker_class, None, record_property)


@pytest.mark.parametrize("worker_class", [*WSGI, "tornado"])
@pytest.mark.parametrize("application", ["flask_app", "django_app"])
def test_frameworks(directory, application, worker_class, record_property):
    tied(directory, worker_class, application, record_property)


def test_django_on_an_event_loop(directory, record_property):
    tied(directory, "uvicorn", "django_app", record_property, environment=ASYNC)


@pytest.mark.parametrize("application", ["starlette_app", "fastapi_app"])
def test_starlette(directory, application, record_property):
    tied(directory, "uvicorn", application, record_property)


IN_ROOTS = [
    *((suite, worker_class, application) for suite in ("bullseye", "trixie", "sid") for worker_class in ("sync", "gthread")
      for application in (None, "flask_app", "django_app")),
    *((suite, "gevent", "flask_app") for suite in ("bullseye", "trixie", "sid")),
]


@pytest.mark.parametrize("suite, worker_class, application", IN_ROOTS)
def test_wsgi_in_roots(directory, root_of, suite, worker_class, application, record_property):
    tied(directory, worker_class, application, record_property, root=root_of(suite))


@pytest.mark.parametrize("suite, worker_class, application", [
    ("trixie", "uvicorn", "starlette_app"), ("sid", "uvicorn", "starlette_app"), ("sid", "asgi", "starlette_app"),
    ("trixie", "uvicorn", "django_app"), ("sid", "asgi", "django_app")])
def test_event_loops_in_roots(directory, root_of, suite, worker_class, application, record_property):
    tied(directory, worker_class, application, record_property, root=root_of(suite), environment=ASYNC)


def test_a_loop_answers_for_tasks_that_only_their_scope_tells_apart(directory):
    """One path that fails or not as its query says, and one below a mounted application, which another one ends like."""
    asked = [("/either?fail=1", 500), ("/either", 503), ("/mounted/raise-key", 500), ("/raise-key", 500), ("/unavailable", 503)]

    def mixed():
        for _ in range(25):
            for path, status in asked:
                assert ask(server, path) == status

    with serve(directory, "uvicorn", application="starlette_app") as server, Exporter(directory, pid=server.pid) as exporter:
        at_once(CLIENTS, mixed)
        each = 25 * CLIENTS
        settled(exporter, {("GET", "/either", "ValueError"): each, ("GET", "/either", "unknown"): each,
                           ("GET", "/mounted/raise-key", "OrderError"): each, ("GET", "/raise-key", "KeyError"): each,
                           ("GET", "/unavailable", "unknown"): each})


PYENV = sorted((pathlib.Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3"))
# Pure Python; Debian's runs with any Python that has what they import.
LIBRARY = "/usr/lib/python3/dist-packages"


def usable():
    return [python for python in PYENV if int(python.parts[-3].split(".")[1]) >= 8]


@pytest.mark.parametrize("python", usable(), ids=lambda python: python.parts[-3])
@pytest.mark.parametrize("application, unlogged", [(None, False), ("flask_app", False), ("flask_app", True)])
def test_builds_without_usdt(directory, python, application, unlogged, record_property):
    tied(directory, "gthread", application, record_property, unlogged, launcher=(str(python), "-m", "gunicorn"), environment={"PYTHONPATH": LIBRARY})


# ---- what is no request's

FALLBACK = """
try:
    import no_such_server
except ImportError:
    from gunicorn.app.wsgiapp import run
    run()
"""


@pytest.mark.parametrize("worker_class", ["sync", "uvicorn"])
def test_gunicorn_in_an_except_block(directory, worker_class):
    """Each worker handles the ImportError all the time."""
    script = directory / "fallback.py"
    script.write_text(FALLBACK)
    with serve(directory, worker_class, launcher=("/usr/bin/python3", str(script))) as server, \
            Exporter(directory, pid=server.pid) as exporter:
        until_close = "/hello" if worker_class == "uvicorn" else "/file?length=no"
        assert ask_for(server, until_close, "1.0").complete
        time.sleep(1.5)  # until the master was seen where it waits
        assert [ask(server, path) for path in ("/unavailable", "/raise")] == [503, 500]
        assert ask_for(server, until_close, "1.0").complete
        settled(exporter, {("GET", "/unavailable", "unknown"): 1, ("GET", "/raise", "ValueError"): 1})


# ---- what no response shows


def ask_for(server, path, version="1.1"):
    """A response of 200, whether it came to its end or not."""
    with Connection(server.address) as connection:
        connection.ask("GET", path, version=version)
        response = connection.receive()
        assert response.status == 200
        return response


MUTED = ("--log-level", "critical")  # no record is made of what Gunicorn would log as an error


@pytest.mark.parametrize("worker_class, options", [
    *((worker_class, ()) for worker_class in (*WSGI, "uvicorn")), *((worker_class, MUTED) for worker_class in WSGI)])
def test_after_the_head(directory, worker_class, options):
    """The response stays what its head said."""
    with serve(directory, worker_class, options=options) as server, Exporter(directory, pid=server.pid) as exporter:
        for path in ("/raise-late", "/raise-late?length=1"):
            assert not ask_for(server, path).complete
        ask(server, "/hello")
        settled(exporter, {("GET", "/raise-late", "ValueError"): 2})
        scrape = exporter.scrape()
        assert scrape.by(FAILED, "endpoint") == {}
        assert scrape.by(INCOMPLETE, "by")["server"] == 2


def leave(server):
    """Asks for more than fits into the buffers of both sides, and resets the connection."""
    with Connection(server.address, receive_buffer=4096) as connection:
        connection.ask("GET", "/big?mb=3")
        connection.socket.recv(1000)
        connection.reset()


@pytest.mark.parametrize("worker_class", WSGI)
def test_what_ends_with_its_connection(directory, worker_class):
    """Failing, whole and abandoned responses by several clients at once, with nothing in any log. A whole one ends with
    its connection where the client speaks HTTP/1.0."""
    def mixed():
        for _ in range(10):
            assert not ask_for(server, "/raise-late?length=1").complete
            assert ask_for(server, "/hello", "1.0").complete
            ask_for(server, "/raise-late", "1.0")  # nothing on the wire tells that more was to come
            assert ask_for(server, "/file?length=no", "1.0").complete
            leave(server)

    with serve(directory, worker_class, options=MUTED) as server, Exporter(directory, pid=server.pid) as exporter:
        at_once(CLIENTS, mixed)
        ask(server, "/hello")
        wait_for(lambda: exporter.scrape().by(INCOMPLETE, "by").get("client") == 10 * CLIENTS, "all that were abandoned")
        settled(exporter, {("GET", "/raise-late", "ValueError"): 2 * 10 * CLIENTS})
        assert exporter.scrape().by(INCOMPLETE, "by")["server"] == 10 * CLIENTS


@pytest.mark.parametrize("worker_class, application", [
    ("sync", "flask_app"), ("gthread", "flask_app"), ("gevent", "flask_app"), ("uvicorn", "starlette_app")])
def test_what_others_log_meanwhile(directory, worker_class, application):
    """A thread, a greenlet or a task of the application's own fails and says so; the responses know nothing of it."""
    with serve(directory, worker_class, application=application) as server, Exporter(directory, pid=server.pid) as exporter:
        assert ask(server, "/noise") == 200
        for _ in range(50):
            if application == "starlette_app":
                assert ask(server, "/failing-afterwards") == 200
            assert ask(server, "/unavailable-slowly") == 503
        settled(exporter, {("GET", "/unavailable-slowly", "unknown"): 50})


@pytest.mark.parametrize("application, path, environment", [
    ("flask_app", "/handled", {}), ("django_app", "/raise", {"E2E_MUTE": "1"})])
def test_what_nobody_logs_is_unknown(directory, application, path, environment):
    with serve(directory, "sync", application=application, environment=environment) as server:
        with Exporter(directory, pid=server.pid) as exporter:
            for _ in range(5):
                assert ask(server, path) == 500
            settled(exporter, {("GET", path, "unknown"): 5})


@pytest.mark.parametrize("name, label", [
    ("x" * 1000, "x" * 63 + "…"), ("y" * 63, "y" * 63), ('Quote"d', "Quote?d"), ("Two\nlines", "Two?lines"), ("a.b.Last", "Last"), ("Größe", "Größe")])
def test_names_made_at_run_time(directory, name, label):
    with serve(directory, "sync", environment={"E2E_EXCEPTION": name}) as server, Exporter(directory, pid=server.pid) as exporter:
        assert ask(server, "/raise-made") == 500
        settled(exporter, {("GET", "/raise-made", label): 1})


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
        wait_for(lambda: exporter.scrape().by(ERRORS, "error_type") == {name: 1},
                 lambda: f"{name}, not {exporter.scrape().select(ERRORS)}")
        assert ask(server, "/nothing-here") == 404 and ask(server, "/refuse") == 400
        wait_for(lambda: exporter.scrape().total(FAILED) == 3, "all are counted")
        check_consistent(exporter.scrape())
        assert exporter.scrape().by(ERRORS, "error_type") == {name: 1}, "what the application refuses is no error of the worker"


def test_workers_that_are_born_later(directory):
    """A fork has its master's Python; nobody tells the kernel about it anew. Some live for a few milliseconds only."""
    with Gunicorn(directory, options=["--max-requests", "3"]) as server, Exporter(directory, pid=server.pid) as exporter:
        for _ in range(12):
            assert ask(server, "/raise") == 500
        settled(exporter, {("GET", "/raise", "ValueError"): 12})
