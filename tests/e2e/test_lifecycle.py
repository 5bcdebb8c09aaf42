# SPDX-License-Identifier: BSD-2-Clause
"""Births, states and deaths of workers, and why: each event once with the Gunicorns of Debian 12, 13 and sid."""

import contextlib
import os
import pathlib
import signal
import time

import pytest

from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

SUITES = [None, "trixie", "sid"]  # this system's Gunicorn is 20.1; then 23 and 26
REASONS = "gunicorn_worker_exits_total"
MEMORY_GROUPS = pathlib.Path("/sys/fs/cgroup/memory")


@pytest.fixture(params=SUITES, ids=["20.1", "23", "26"])
def suite(request, root_of):
    return root_of(request.param) if request.param else None


@contextlib.contextmanager
def observed(directory, worker_class="sync", interval="1s", **details):
    if worker_class == "gthread":
        details.setdefault("threads", 4)
    with Gunicorn(directory, worker_class, **details) as server, Exporter(directory, pid=server.pid, interval=interval) as exporter:
        yield server, exporter


def exits(exporter):
    return {reason: count for reason, count in exporter.scrape().by(REASONS, "reason").items() if count}


def restarts(exporter):
    return exporter.scrape().total("gunicorn_master_worker_restarts_total")


SETTLED = []  # what the running test has seen to hold


@pytest.fixture(autouse=True)
def told(request):
    """For docs/internals/lifecycle.md."""
    SETTLED.clear()
    if "suite" in request.fixturenames:
        request.node.user_properties.append(("settled", SETTLED))


def settled(exporter, expected, restarted):
    """Waits for these exits, and checks that neither they nor the restarts grow further."""
    wait_for(lambda: exits(exporter) == expected, lambda: f"{expected}, not {exits(exporter)}")
    time.sleep(0.4)
    assert exits(exporter) == expected
    assert restarts(exporter) == restarted
    SETTLED.append(({reason: int(count) for reason, count in expected.items()}, restarted))


def ask(server, path):
    """Sends a request and leaves the connection open."""
    connection = Connection(server.address)
    connection.ask("GET", path)
    return connection


def states(exporter):
    return sorted(labels["state"] for labels, _ in exporter.scrape().select("gunicorn_worker_state"))


@pytest.mark.parametrize("how", ["TERM", "INT", "QUIT"])
def test_shutdown(directory, suite, how):
    with observed(directory, workers=2, root=suite) as (server, exporter):
        if how == "TERM":  # the others do not wait for requests
            with ask(server, "/sleep?s=1") as held:
                time.sleep(0.2)
                server.signal(signal.SIGTERM)
                wait_for(lambda: "quit" in states(exporter), lambda: f"a worker that quits, not {states(exporter)}")
                assert held.receive().status == 200
        else:
            server.signal(getattr(signal, f"SIG{how}"))
        settled(exporter, {"shutdown": 2}, 0)
        assert states(exporter) == []
        wait_for(lambda: exporter.get("/-/ready")[0] == 503, "not ready any more")


def test_reload(directory, suite):
    with observed(directory, workers=2, root=suite) as (server, exporter):
        old = exporter.scrape().workers()
        server.signal(signal.SIGHUP)
        settled(exporter, {"reload": 2}, 2)
        wait_for(lambda: states(exporter) == ["running", "running"], "two new workers")
        ages = lambda ids: sorted(int(name.split("_")[1]) for name in ids)
        assert ages(exporter.scrape().workers()) == [age + 2 for age in ages(old)]
        assert exporter.scrape().total("gunicorn_master_worker_spawns_total") == 2


def test_one_more_one_less(directory, suite):
    with observed(directory, workers=1, root=suite) as (server, exporter):
        server.signal(signal.SIGTTIN)
        wait_for(lambda: states(exporter) == ["running", "running"], "one more")
        server.signal(signal.SIGTTOU)
        settled(exporter, {"scale_down": 1}, 0)
        assert states(exporter) == ["running"]


def test_successor(directory, suite):
    """USR2: both masters' requests belong to one target; the old one's end is no restart."""
    with observed(directory, workers=1, root=suite) as (server, exporter):
        server.signal(signal.SIGUSR2)
        wait_for(lambda: states(exporter) == ["running", "running"], "the successor's worker")
        new = exporter.scrape().workers()
        assert len(new) == 2
        for _ in range(20):
            with Connection(server.address) as connection:
                assert connection.exchange("GET", "/hello").status == 200
        wait_for(lambda: exporter.scrape().total("gunicorn_worker_requests_total") == 20, "20 requests")
        server.signal(signal.SIGQUIT)
        settled(exporter, {"shutdown": 1}, 0)
        server.process.wait(60)
        assert exporter.get("/-/ready")[0] == 200
        with Connection(server.address) as connection:
            assert connection.exchange("GET", "/hello").status == 200
        wait_for(lambda: exporter.scrape().total("gunicorn_worker_requests_total") == 21, "one more request")
        end_successor(exporter, server)


def end_successor(exporter, server):
    """The new master is nobody's child now."""
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            environment = pathlib.Path(f"/proc/{entry}/environ").read_bytes()
            if f"E2E_NOTES={server.home}/notes".encode() in environment.split(b"\0"):
                os.kill(int(entry), signal.SIGTERM)
    wait_for(lambda: states(exporter) == [], "the successor ends")


def test_timeout(directory, suite):
    with observed(directory, root=suite, options=["--timeout", "1"]) as (server, exporter):
        with ask(server, "/sleep?s=30"):
            settled(exporter, {"timeout": 1}, 1)
        wait_for(lambda: states(exporter) == ["running"], "the replacement")


def test_stuck_thread_is_not_restarted(directory, suite):
    # The main thread tells the master each second that it lives: two more are for a busy machine.
    with observed(directory, "gthread", root=suite, options=["--timeout", "3"]) as (server, exporter):
        with ask(server, "/sleep?s=7") as connection:
            time.sleep(6)
            assert exits(exporter) == {}
            assert connection.receive().status == 200


def test_timeout_uvicorn(directory):
    with observed(directory, "uvicorn", options=["--timeout", "1"]) as (server, exporter):
        with ask(server, "/block?s=30"):
            settled(exporter, {"timeout": 1}, 1)


def test_timeout_asgi(directory, root_of):
    with observed(directory, "asgi", root=root_of("sid"), options=["--timeout", "2"]) as (server, exporter):
        with ask(server, "/block?s=30"):
            wait_for(lambda: "abort" in states(exporter), "the abort, one second before the kill")
            settled(exporter, {"timeout": 1}, 1)


def test_max_requests(directory, suite):
    with observed(directory, root=suite, options=["--max-requests", "2"]) as (server, exporter):
        for _ in range(2):
            with Connection(server.address) as connection:
                connection.exchange("GET", "/hello")
        settled(exporter, {"self_exit": 1}, 1)


@pytest.mark.parametrize("path, reason", [("/die?how=exit&code=7", "app_exit"), ("/die?how=segv", "crash"),
                                          ("/die?how=kill", "killed")])
def test_death_in_a_request(directory, suite, path, reason):
    with observed(directory, root=suite) as (server, exporter):
        with ask(server, path) as connection:
            assert connection.receive() is None
        settled(exporter, {reason: 1}, 1)
        aborted = exporter.scrape().by("gunicorn_worker_requests_aborted_total", "by")
        assert aborted["worker_exit"] == 1


def test_signal_from_outside(directory, suite):
    with observed(directory, root=suite) as (server, exporter):
        os.kill(server.workers()[0], signal.SIGTERM)
        settled(exporter, {"external_signal": 1}, 1)


def test_out_of_memory(directory):
    if not MEMORY_GROUPS.is_dir():
        pytest.fail("needs the memory controller of cgroup version 1 at /sys/fs/cgroup/memory")
    group = MEMORY_GROUPS / f"e2e-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(96 << 20))
        with observed(directory) as (server, exporter):
            (group / "cgroup.procs").write_text(str(server.workers()[0]))
            with ask(server, "/hog?mb=400") as connection:
                assert connection.receive() is None
            settled(exporter, {"oom": 1}, 1)
    finally:
        wait_for(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
        group.rmdir()


def reported(exporter, server):
    """Exits of one Gunicorn of the host, by reason."""
    found = exporter.scrape().by(REASONS, "reason", master_pid=str(server.pid))
    return {reason: count for reason, count in found.items() if count}


@pytest.mark.parametrize("application, reason", [("nothing_here:app", "boot_error"), ("apps:nothing", "app_load_error")])
def test_new_gunicorn_that_cannot_boot(directory, suite, application, reason):
    """It lives for some hundred milliseconds, and nobody told the exporter of it."""
    with Exporter(directory) as exporter:
        for workers in (1, 1, 2):
            with Gunicorn(directory, root=suite, wait=False, workers=workers, options=[application]) as server:
                server.process.wait(20)
                wait_for(lambda: reported(exporter, server), "the exit of its worker")
                time.sleep(0.3)
                counts = reported(exporter, server)
                assert counts.pop(reason) >= 1
                assert sum(counts.values()) <= workers - 1 and set(counts) <= {"shutdown"}
                target = {"master_pid": str(server.pid)}
                assert exporter.scrape().by("gunicorn_master_worker_restarts_total", "master_pid", **target) == {str(server.pid): 0}


def test_new_worker_that_cannot_boot(directory, suite):
    """Gunicorn gives up; the worker that served until then is told to leave."""
    with observed(directory, root=suite) as (server, exporter):
        server.notes_path.with_name("broken").touch()
        server.signal(signal.SIGTTIN)
        server.process.wait(20)
        settled(exporter, {"boot_error": 1, "shutdown": 1}, 0)


def heartbeat_age(exporter):
    return exporter.scrape().total("gunicorn_worker_heartbeat_age_seconds")


@pytest.mark.clock
def test_heartbeat_age(directory, suite):
    with observed(directory, root=suite, options=["--timeout", "4"], interval="30s") as (server, exporter):
        idle = []
        for _ in range(25):
            idle.append(heartbeat_age(exporter))
            time.sleep(0.1)
        assert max(idle) < 2.3, "an idle sync worker touches its file every half timeout"
        assert max(idle) - min(idle) > 0.5, "it grows in between"
        with ask(server, "/sleep?s=3") as connection:
            time.sleep(2.8)
            assert 2.7 < heartbeat_age(exporter) < 3.1
            assert connection.receive().status == 200
        time.sleep(0.2)
        assert heartbeat_age(exporter) < 0.5


def test_preload_error_has_no_worker(directory, suite):
    with Exporter(directory) as exporter:
        with Gunicorn(directory, root=suite, wait=False, options=["--preload", "nothing_here:app"]) as server:
            server.process.wait(20)
            time.sleep(0.5)
            assert not exporter.scrape().select("gunicorn_master_worker_spawns_total", master_pid=str(server.pid))
