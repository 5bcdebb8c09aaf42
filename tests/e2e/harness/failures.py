# SPDX-License-Identifier: BSD-2-Clause
"""Failing, explicit and healthy requests mixed on one worker, and what is said of them."""

import threading

from .exporter import Exporter
from .ledger import check_consistent
from .processes import wait_for
from .server import Gunicorn
from .wire import Connection

ERRORS = "gunicorn_worker_error_handling_total"
FAILED = "gunicorn_worker_failed_requests_total"
PYTHON_PROBES = "gunicorn_bpf_exporter_python_probes"
EACH = 60  # of each path that fails, by several clients at once; a multiple of CLIENTS
CLIENTS = 4

# Failing, explicit and healthy requests, as many of each.
PATHS = [("/raise", 500), ("/hello", 200), ("/unavailable", 503), ("/raise-key", 500), ("/swallow", 200), ("/unavailable", 503),
         ("/raise-from", 500), ("/hello", 200), ("/unavailable", 503)]
CHAINED = {None: "LookupFailed"}  # what /raise-from raises; the frameworks' is OrderError


def expected(application, times=EACH, unlogged=False):
    """With --python-unlogged what the application answers by itself is no error."""
    explicit = {} if unlogged else {("GET", "/unavailable", "unknown"): 3 * times}
    return {("GET", "/raise", "ValueError"): times, ("GET", "/raise-key", "KeyError"): times,
            ("GET", "/raise-from", CHAINED.get(application, "OrderError")): times, **explicit}


def errors(exporter):
    return exporter.scrape().by(ERRORS, "method", "endpoint", "error_type")


def settled(exporter, counts):
    wait_for(lambda: errors(exporter) == counts, lambda: f"{counts}, not {errors(exporter)}")
    check_consistent(exporter.scrape())


def ask(server, path):
    with Connection(server.address) as connection:
        return connection.exchange("GET", path).status


def at_once(clients, what):
    wrong = []

    def run():
        try:
            what()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong


def ask_all(server, times):
    for _ in range(times):
        for path, status in PATHS:
            assert ask(server, path) == status


def ask_mixed(server):
    at_once(CLIENTS, lambda: ask_all(server, EACH // CLIENTS))


def serve(directory, worker_class, **details):
    return Gunicorn(directory, worker_class, threads=4 if worker_class == "gthread" else None, **details)


def note(record_property, **result):
    """For the page of what was tried (results.py)."""
    record_property("errors", result)


def watch(directory, server, unlogged):
    return Exporter(directory, *(["--python-unlogged"] if unlogged else []), pid=server.pid)


def check_layout(exporter):
    (found,) = exporter.scrape().select("gunicorn_bpf_exporter_python")
    assert found[0]["layout"] == "ok" and found[0]["version"].startswith("3.")


def tied(directory, worker_class, application, record_property, unlogged=False, **details):
    """Every failing response has its class, whatever else the worker does."""
    with serve(directory, worker_class, application=application, **details) as server:
        with watch(directory, server, unlogged) as exporter:
            ask_mixed(server)
            settled(exporter, expected(application, unlogged=unlogged))
            check_layout(exporter)
            note(record_property, application=application, worker_class=worker_class, unlogged=unlogged)


def failed(exporter):
    return exporter.scrape().by(FAILED, "method", "endpoint")


def tied_but_for_503s(directory, worker_class, application, record_property, **details):
    """With --python-unlogged, on an event loop: of a 503 it is not always known whether what was raised meanwhile is behind it."""
    with serve(directory, worker_class, application=application, **details) as server:
        with watch(directory, server, unlogged=True) as exporter:
            ask_all(server, 20)
            settled(exporter, expected(application, 20, unlogged=True))
            ask_mixed(server)
            truth = expected(application, 20 + EACH)
            by_endpoint = {key[:2]: count for key, count in truth.items()}
            wait_for(lambda: failed(exporter) == by_endpoint, lambda: f"{failed(exporter)}")
            check_consistent(exporter.scrape())
            told = errors(exporter)
            unknown = told.pop(("GET", "/unavailable", "unknown"), 0)
            assert told == expected(application, 20 + EACH, unlogged=True)
            note(record_property, application=application, worker_class=worker_class, unlogged=True, unknown=unknown / (3 * EACH))


WSGI = ["sync", "gthread", "gevent", "eventlet"]
ASYNC = {"E2E_ASYNC": "1"}
