# SPDX-License-Identifier: BSD-2-Clause
"""Which processes of a host are Gunicorns: found by what they hold and handle, whatever they are called."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

from harness import processes
from harness.exporter import Exporter, run
from harness.processes import wait_for
from harness.server import APPS, Gunicorn
from harness.wire import Connection

REQUESTS = "gunicorn_worker_requests_total"
UPTIME = "gunicorn_worker_uptime_seconds"
SCAN_SECONDS = 5  # the exporter looks at all processes so often

EMBEDDED = """
import argparse
import sys

from gunicorn.app.base import BaseApplication

known = argparse.ArgumentParser()
for name in "-b", "-w", "--pythonpath":
    known.add_argument(name)
known = known.parse_known_args()[0]
sys.path[:0] = known.pythonpath.split(",")


class Embedded(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", known.b)
        self.cfg.set("workers", int(known.w))

    def load(self):
        import apps
        return apps.app


Embedded().run()
"""
DIRTY = """
from gunicorn.dirty.app import DirtyApp


class Sums(DirtyApp):
    def init(self):
        pass

    def __call__(self, action, *args, **kwargs):
        return sum(args)

    def close(self):
        pass
"""


@pytest.fixture(scope="module")
def exporter(directory):
    with Exporter(directory) as running:
        yield running


def workers(exporter, master):
    return {labels["worker_id"] for labels, _ in exporter.scrape().select(UPTIME, master_pid=str(master))}


def masters(exporter):
    return {int(labels["master_pid"]) for labels, _ in exporter.scrape().select(UPTIME)}


def ask(server, path="/hello"):
    with Connection(server.address) as connection:
        answer = connection.exchange("GET", path)
        assert answer.status == 200
        return answer.body


def check(exporter, server, count=2):
    """This master, with so many workers; each request is counted, by the worker that answered it."""
    wait_for(lambda: len(workers(exporter, server.pid)) == count,
             lambda: f"{count} workers, not {workers(exporter, server.pid)}")
    before = exporter.scrape().total(REQUESTS, master_pid=str(server.pid))
    for _ in range(6):
        ask(server)
    after = lambda: exporter.scrape().total(REQUESTS, master_pid=str(server.pid))
    wait_for(lambda: after() - before == 6, lambda: f"6 requests, not {after() - before}")
    assert len(workers(exporter, server.pid)) == count


@pytest.fixture(scope="module")
def titles(directory):
    """Where setproctitle can be imported from. It is not installed, since all other Gunicorns would use it, too."""
    folder = directory / "setproctitle"
    folder.mkdir()
    os.chmod(directory, 0o755)
    fetch = "apt-get -qq -o APT::Sandbox::User=root download python3-setproctitle"
    subprocess.run(f"{fetch} || {{ apt-get -qq update && {fetch}; }}", shell=True, cwd=folder, check=True)
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg", "-x", package, folder], check=True)
    return folder / "usr/lib/python3/dist-packages"


def test_with_titles(directory, exporter, titles):
    with Gunicorn(directory, workers=2, environment={"PYTHONPATH": str(titles)}) as server:
        title = open(f"/proc/{server.workers()[0]}/cmdline", "rb").read().rstrip(b"\0")
        assert title == b"gunicorn: worker [apps:app]"
        check(exporter, server)
        (app,) = {labels["app"] for labels, _ in exporter.scrape().select(UPTIME, master_pid=str(server.pid))}
        assert app == "apps:app"


WAYS = {
    "module": {"launcher": ("/usr/bin/python3", "-m", "gunicorn")},
    "exec-wrapper": {"wrapper": ("/bin/sh", "-c", 'exec "$0" "$@"')},
    "shell": {"wrapper": ("/bin/sh", "-c", '"$0" "$@"; true'), "forks": True},
    "pid-namespace": {"wrapper": ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"), "forks": True},
    "network-namespace": {"wrapper": ("unshare", "--net"), "transport": "unix"},
    "renamed": {"wrapper": ("/bin/bash", "-c", 'exec -a shop "$0" "$@"')},
}


@pytest.mark.parametrize("way", WAYS)
def test_started_as(directory, exporter, way):
    with Gunicorn(directory, workers=2, **WAYS[way]) as server:
        check(exporter, server)
        assert server.process.pid == server.pid or server.process.pid not in masters(exporter)


def test_embedded(directory, exporter):
    script = directory / "embedded.py"
    script.write_text(EMBEDDED)
    with Gunicorn(directory, workers=2, launcher=("/usr/bin/python3", str(script))) as server:
        check(exporter, server)


def test_two_masters_with_one_socket(directory, exporter):
    """Each request is counted once, by the master whose worker answered it."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as shared:
        with Gunicorn(directory, inherit=shared) as one, Gunicorn(directory, inherit=shared) as other:
            pids = [str(one.pid), str(other.pid)]
            count = lambda: [exporter.scrape().total(REQUESTS, master_pid=pid) for pid in pids]
            wait_for(lambda: all(len(workers(exporter, pid)) == 1 for pid in pids), "a worker each")
            before, answered = count(), {}
            for _ in range(60):
                worker = int(ask(one, "/pid"))
                answered[worker] = answered.get(worker, 0) + 1
            expected = [sum(answered.get(worker, 0) for worker in server.workers()) for server in (one, other)]
            assert sum(expected) == 60
            wait_for(lambda: [now - then for now, then in zip(count(), before)] == expected,
                     lambda: f"{expected}, not {count()} from {before}")


def test_what_is_no_gunicorn(directory, exporter):
    log = directory / "gunicorn.log"
    log.write_text("gunicorn\n")
    port = processes.free_port()
    commands = [["tail", "-f", str(log)], ["/bin/sh", "-c", "sleep 60; : gunicorn: master [apps:app]"],
                ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", str(APPS), "--workers", "2", "--port", str(port), "asgi_app:app"]]
    started = [processes.start(command, subprocess.DEVNULL, env={**os.environ, "E2E_NOTES": str(directory / "notes")})
               for command in commands]
    try:
        time.sleep(SCAN_SECONDS + 1)
        known = masters(exporter)
        for process in started:
            assert process.poll() is None
            assert known.isdisjoint({process.pid, *processes.children_of(process.pid)})
        for process in started:
            said = exporter_says_of(process.pid)
            assert f"--pid {process.pid}" in said and "is not a Gunicorn" in said
    finally:
        for process in started:
            for child in processes.children_of(process.pid):
                os.kill(child, signal.SIGKILL)
            processes.end(process, signal.SIGKILL)


def exporter_says_of(pid):
    refused = run("--pid", str(pid))
    assert refused.returncode != 0
    return refused.stderr


def test_children_of_workers_are_none(directory, exporter):
    """Neither while their worker lives nor when they have outlived it and the master."""
    with Gunicorn(directory) as server:
        check(exporter, server, count=1)
        child = int(ask(server, "/fork"))
        try:
            time.sleep(SCAN_SECONDS + 1)
            assert len(workers(exporter, server.pid)) == 1
            (worker,) = server.workers()
            server.signal(signal.SIGKILL)
            os.kill(worker, signal.SIGKILL)  # or it leaves by itself within a second
            server.process.wait(60)
            time.sleep(SCAN_SECONDS + 1)
            os.kill(child, 0)
            assert masters(exporter).isdisjoint({server.pid, worker, child})
        finally:
            os.kill(child, signal.SIGKILL)


HOOKS = """
import os


def short_lived(status):
    # A program that cannot be found leaves such a process behind, too.
    if os.fork() == 0:
        os._exit(status)


def when_ready(server):
    short_lived(1)


def pre_fork(server, worker):
    short_lived(2)


def child_exit(server, worker):
    short_lived(255)
"""


def test_what_a_hook_starts_is_no_worker(directory, exporter):
    """Not even what fails at once, as a worker does that cannot boot."""
    config = directory / "hooks.py"
    config.write_text(HOOKS)
    with Gunicorn(directory, workers=2, options=["-c", str(config)]) as server:
        check(exporter, server)
        mine = {"master_pid": str(server.pid)}
        os.kill(server.workers()[0], signal.SIGKILL)
        wait_for(lambda: exporter.scrape().total("gunicorn_worker_exits_total", reason="killed", **mine) == 1, "the exit")
        wait_for(lambda: len(workers(exporter, server.pid)) == 2, "the successor")
        time.sleep(1)
        scrape = exporter.scrape()
        assert scrape.total("gunicorn_master_worker_spawns_total", **mine) == 3
        assert scrape.total("gunicorn_worker_exits_total", **mine) == 1
        assert scrape.total("gunicorn_master_worker_restarts_total", **mine) == 1
        assert sorted(int(name.split("_")[1]) for name in workers(exporter, server.pid)) == [2, 3]


def test_two_masters_with_listeners_of_their_own(directory, exporter):
    with Gunicorn(directory) as one, Gunicorn(directory, transport="unix") as other:
        for server in (one, other):
            check(exporter, server, count=1)
        for _ in range(3):
            ask(one, "/hello")
        scrape = exporter.scrape()
        listeners = {server.pid: scrape.by("gunicorn_listener_backlog_limit", "listener", master_pid=str(server.pid)) for server in (one, other)}
        assert [list(found) for found in listeners.values()] == [[one.bind], [other.bind]]


def test_own_python_in_a_mount_namespace(directory, exporter, root_of):
    with Gunicorn(directory, workers=2, root=root_of("trixie"), wrapper=("unshare", "--mount")) as server:
        check(exporter, server)


def test_dirty_arbiter_in_root(directory, exporter, root_of):
    root = pathlib.Path(root_of("sid"))
    (root / "tmp/dirty_app.py").write_text(DIRTY)
    with Gunicorn(directory, workers=2, root=root, wait=False, environment={"PYTHONPATH": "/tmp"},
                  options=["--dirty-app", "dirty_app:Sums", "--dirty-workers", "2"]) as server:
        wait_for(server.listens, "it listens")
        # Two workers and the dirty arbiter, which has two workers of its own.
        wait_for(lambda: len(server.workers()) == 3, lambda: f"three children, not {server.workers()}: {server.log()}")
        wait_for(lambda: any(len(processes.children_of(pid)) == 2 for pid in server.workers()), "dirty workers")
        check(exporter, server)
        time.sleep(SCAN_SECONDS + 1)
        check(exporter, server)
        family = {pid for worker in server.workers() for pid in (worker, *processes.children_of(worker))}
        assert masters(exporter).isdisjoint(family)
