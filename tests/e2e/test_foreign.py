# SPDX-License-Identifier: BSD-2-Clause
"""Answers that no observed call writes, by a process that was given the connection and by io_uring: they are counted as what is not known,
never as aborted by the server, and the connection's next request counts again."""

import contextlib
import pathlib
import subprocess
import tempfile

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.ledger import check_consistent, gained
from harness.processes import wait_for
from harness.server import APPS, Gunicorn
from harness.wire import Connection

LOST = "gunicorn_bpf_exporter_events_lost_total"
FOUND_AGAIN = "gunicorn_bpf_exporter_connections_resynchronized_total"
TIMES = 3
ELSEWHERE = {"connections http": TIMES}
BODY_ELSEWHERE = {"connections http": TIMES, "requests": TIMES, "durations": TIMES, "responses 200": TIMES}


@contextlib.contextmanager
def taker(directory):
    path = pathlib.Path(tempfile.mkdtemp(dir=directory)) / "taker"
    process = subprocess.Popen(["/usr/bin/python3", str(APPS / "descriptor_taker.py"), str(path)])
    wait_for(path.exists, "the other process listens")
    try:
        yield str(path)
    finally:
        processes.end(process)


@pytest.fixture(scope="module", params=["sync", "gthread"])
def pair(directory, request):
    with taker(directory) as path, \
            Gunicorn(directory, request.param, threads=4 if request.param == "gthread" else None, application="foreign_app",
                     environment={"E2E_TAKER": path}) as server, \
            Exporter(directory, pid=server.pid) as exporter:
        yield server, exporter


def reasons(exporter, metric):
    return {reason: count for reason, count in exporter.scrape().by(metric, "reason").items() if count}


def difference(before, after):
    return {reason: count - before.get(reason, 0) for reason, count in after.items() if count != before.get(reason, 0)}



def settled(exporter, before, lost_before, counts, lost):
    wait_for(lambda: (gained(before, exporter.scrape()), difference(lost_before, reasons(exporter, LOST))) == (counts, lost),
             lambda: f"{gained(before, exporter.scrape())}, {difference(lost_before, reasons(exporter, LOST))}: {counts}, {lost}")
    check_consistent(exporter.scrape(), may_lose={"foreign_writer", "io_uring"})


# In this order: from the first use of io_uring on it cannot be told from another process.
@pytest.mark.parametrize("path, status, counts, reason", [
    ("/passed", 503, ELSEWHERE, "foreign_writer"),
    ("/late-passed", 503, ELSEWHERE, "foreign_writer"),
    ("/passed-body", 200, BODY_ELSEWHERE, "foreign_writer"),
    ("/hello", 200, BODY_ELSEWHERE, None),
    ("/uring", 503, ELSEWHERE, "io_uring"),
    ("/uring-body", 200, BODY_ELSEWHERE, "io_uring"),
])
def test_answered_by_others(pair, path, status, counts, reason):
    server, exporter = pair
    before, lost_before = exporter.scrape(), reasons(exporter, LOST)
    for _ in range(TIMES):
        with Connection(server.address) as connection:
            connection.ask("GET", path, headers={"Connection": "close"})
            response = connection.receive()
            assert response and response.complete and response.status == status, path
            assert connection.closed_by_server(), path
    settled(exporter, before, lost_before, counts, {reason: TIMES} if reason else {})
    wait_for(lambda: exporter.scrape().total("gunicorn_worker_open_connections") == 0, "all are closed")


@pytest.mark.parametrize("path, reason", [("/kept", "foreign_writer"), ("/uring-kept", "io_uring")])
def test_the_next_request_counts(directory, path, reason):
    with taker(directory) as taken, \
            Gunicorn(directory, "gthread", threads=4, application="foreign_app", environment={"E2E_TAKER": taken}) as server, \
            Exporter(directory, pid=server.pid) as exporter:
        before = exporter.scrape()
        for _ in range(TIMES):
            with Connection(server.address) as connection:
                for asked, status in [(path, 503), ("/hello", 200), (path, 503), (path, 503), ("/hello?again", 200)]:
                    assert connection.exchange("GET", asked).status == status
        settled(exporter, before, {}, {"connections http": TIMES, "requests": 2 * TIMES, "durations": 2 * TIMES, "responses 200": 2 * TIMES},
                {reason: 3 * TIMES})
        assert reasons(exporter, FOUND_AGAIN) == {reason: 3 * TIMES}
