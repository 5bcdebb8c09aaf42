# SPDX-License-Identifier: BSD-2-Clause
"""With --python-unlogged: exceptions that nobody logs have their class, and an answer that nothing was raised for is no error."""

import shutil

import pytest

from harness.exporter import Exporter, run
from harness.failures import ASYNC, FAILED, PYTHON_PROBES, ask, at_once, errors, serve, settled, tied, tied_but_for_503s
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

ATTACHED = "gunicorn_bpf_exporter_probe_attached"


def probes(exporter):
    return exporter.scrape().by(PYTHON_PROBES, "probe", "state")


@pytest.mark.parametrize("worker_class, application", [
    ("gthread", None), ("gevent", None), ("sync", "flask_app"), ("gthread", "flask_app"), ("gevent", "flask_app"),
    ("eventlet", "flask_app"), ("tornado", "flask_app"), ("sync", "django_app"), ("gthread", "django_app"), ("gevent", "django_app")])
def test_frameworks(directory, worker_class, application, record_property):
    tied(directory, worker_class, application, record_property, unlogged=True)


@pytest.mark.parametrize("application", ["starlette_app", "fastapi_app", "django_app"])
def test_event_loops(directory, application, record_property):
    tied_but_for_503s(directory, "uvicorn", application, record_property, environment=ASYNC)


@pytest.mark.parametrize("suite, worker_class, application", [
    ("bullseye", "gthread", "flask_app"), ("bullseye", "sync", "django_app"), ("trixie", "gthread", "flask_app"), ("trixie", "sync", "django_app")])
def test_in_roots(directory, root_of, suite, worker_class, application, record_property):
    tied(directory, worker_class, application, record_property, unlogged=True, root=root_of(suite))


def test_where_a_probe_would_be_slow_in_roots(directory, root_of):
    """Python 3.14 of sid: the function begins with an instruction that the kernel does not emulate."""
    with serve(directory, "sync", root=root_of("sid"), application="flask_app") as server:
        with Exporter(directory, "--python-unlogged", pid=server.pid) as exporter:
            assert probes(exporter)["raise", "absent"] == 1
            assert "PyTraceBack_Here begins with an instruction" in exporter.log()
            for path, status in (("/raise", 500), ("/unavailable", 503)):
                assert ask(server, path) == status
            settled(exporter, {("GET", "/raise", "ValueError"): 1, ("GET", "/unavailable", "unknown"): 1})


@pytest.mark.parametrize("worker_class, application, environment, path, error_type", [
    ("sync", "flask_app", {}, "/handled", "OSError"), ("gevent", "flask_app", {}, "/handled", "OSError"),
    ("sync", "flask_app", {}, "/abort", "ServiceUnavailable"),
    ("gthread", "django_app", {"E2E_MUTE": "1"}, "/raise", "ValueError"),
    ("sync", "django_app", {"E2E_MUTE": "1"}, "/raise-from", "OrderError"),
    ("uvicorn", "starlette_app", {}, "/handled", "OSError"),
    ("uvicorn", "django_app", {"E2E_MUTE": "1", **ASYNC}, "/raise-key", "KeyError")])
def test_what_nobody_logs(directory, worker_class, application, environment, path, error_type):
    with serve(directory, worker_class, application=application, environment=environment) as server:
        with Exporter(directory, "--python-unlogged", pid=server.pid) as exporter:
            for _ in range(20):
                assert ask(server, "/unavailable") == 503, "the first one where nothing was raised yet"
                status = ask(server, path)
                assert status >= 500
            settled(exporter, {("GET", path, error_type): 20})
            assert exporter.scrape().by(FAILED, "endpoint") == {path: 20, "/unavailable": 20}
            if application == "starlette_app":
                for _ in range(20):
                    assert ask(server, "/failing-afterwards") == 200 and ask(server, "/unavailable-slowly") == 503
                wait_for(lambda: exporter.scrape().by(FAILED, "endpoint").get("/unavailable-slowly") == 20, "all are counted")
                assert errors(exporter) == {("GET", path, error_type): 20}, "what follows an answer is behind no other"


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent"])
def test_what_was_forgiven_is_no_error(directory, worker_class):
    """Raised, caught and answered with 200 or 404; the same client's next request knows nothing of it."""
    def ask_in_turn(server):
        with Connection(server.address) as connection:
            for path, status in (("/forgiven", 200), ("/unavailable", 503), ("/nothing-here", 404), ("/unavailable", 503), ("/swallow", 200)) * 10:
                if not connection.open:
                    connection = Connection(server.address)
                answer = connection.exchange("GET", path)
                assert answer.status == status
                if answer.headers.get("connection") == "close":
                    connection.close()

    with serve(directory, worker_class, application="flask_app") as server:
        with Exporter(directory, "--python-unlogged", pid=server.pid) as exporter:
            at_once(3, lambda: ask_in_turn(server))
            wait_for(lambda: exporter.scrape().by(FAILED, "endpoint") == {"/unavailable": 60, "/nothing-here": 30}, "all answers are counted")
            assert errors(exporter) == {}


def test_attached_as_long_as_somebody_runs_it(directory):
    """One probe a file: of a master that starts later too, and gone with the last one."""
    python = directory / "python3.11"
    shutil.copy("/usr/bin/python3", python)
    with Gunicorn(directory, application="flask_app") as first:
        with Gunicorn(directory, application="flask_app", launcher=(str(python), "/usr/bin/gunicorn")) as second:
            with Exporter(directory, "--python-unlogged", "--pid", str(second.pid), pid=first.pid) as exporter:
                assert probes(exporter)["raise", "attached"] == 2
                second.stop()
                wait_for(lambda: probes(exporter)["raise", "attached"] == 1, "one is gone")
                assert exporter.scrape().total(ATTACHED, probe="see_raise") == 1
                assert ask(first, "/handled") == 500
                wait_for(lambda: ("GET", "/handled", "OSError") in errors(exporter), "the other one is seen")
                first.stop()
                wait_for(lambda: exporter.scrape().total(ATTACHED, probe="see_raise") == 0, "nothing is attached")


def test_a_master_that_starts_later(directory):
    with Exporter(directory, "--python-unlogged") as exporter:
        with Gunicorn(directory, application="flask_app") as server:
            def told():
                assert ask(server, "/handled") == 500
                return exporter.scrape().by("gunicorn_worker_error_handling_total", "error_type", master_pid=str(server.pid)).get("OSError")

            wait_for(told, "its exceptions have their class")


def test_needs_what_it_adds_to():
    done = run("--python-unlogged", "--no-collector.exceptions")
    assert done.returncode == 1 and "--collector.exceptions" in done.stderr
