# SPDX-License-Identifier: BSD-2-Clause
"""Runs a real Gunicorn: worker class, transport and root directory are arguments."""

import json
import os
import pathlib
import shutil
import signal

from . import processes
from .wire import Connection

APPS = pathlib.Path(__file__).resolve().parents[1]
FRAMEWORKS = APPS / "frameworks"
LAUNCHER = ("/usr/bin/python3", "/usr/bin/gunicorn")

# Short names as the rows use them, and what Gunicorn's -k takes.
WORKER_CLASSES = {
    "sync": "sync",
    "gthread": "gthread",
    "gevent": "gevent",
    "gevent_pywsgi": "gevent_pywsgi",
    "eventlet": "eventlet",
    "tornado": "tornado",
    "uvicorn": "uvicorn.workers.UvicornWorker",
    "asgi": "asgi",
}
ASGI = ("uvicorn", "asgi")


class Gunicorn:
    """A running Gunicorn with `workers` workers; answers when the constructor returns.

    `address` is a (host, port) pair or the path of a unix socket, as seen from outside its root. `root` is a
    directory to chroot into; the apps are copied into its /tmp.
    """

    def __init__(self, directory, worker_class="sync", workers=1, threads=None, transport="tcp", root=None, options=(),
                 environment=None, wait=True, inherit=None, probe=b"", launcher=LAUNCHER, wrapper=(), forks=False, application=None):
        """`inherit` is a listening socket to hand over as systemd does; `probe` goes before the first request.
        `launcher` takes Gunicorn's arguments; `wrapper` runs it, as its child if it `forks`, else in its place.
        `application` is one of frameworks/ ("flask_app"), in place of apps.py."""
        self.directory = pathlib.Path(directory)
        self.worker_class = worker_class
        self.count = workers
        self.root = pathlib.Path(root) if root else None
        self.home = self._home()
        self.notes_path = self._outside(self.home / "notes")
        self.probe = probe
        application = application or ("asgi_app" if worker_class in ASGI else "apps")
        self._choose_address(transport, inherit)
        command = [*launcher, "-k", WORKER_CLASSES[worker_class], "-w", str(workers),
                   "--pythonpath", ",".join(str(path) for path in ([self.home] if root else [APPS, FRAMEWORKS])), "--keep-alive", "20", "--graceful-timeout", "2"]
        if self.bind:
            command += ["-b", self.bind]
        if threads:
            command += ["--threads", str(threads)]
        command += [*options, f"{application}:app"]
        if self.root:
            command = ["chroot", str(self.root), *command]
        command = [*wrapper, *command]
        details = {}
        if inherit:
            # LISTEN_PID is the pid that the shell hands on by exec.
            command = ["/bin/bash", "-c", f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&{inherit.fileno()} {inherit.fileno()}<&-', "sh", *command]
            details["pass_fds"] = [inherit.fileno()]
        # The pid stays the same: chroot(1) and the interpreter exec in place.
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
                     "E2E_NOTES": str(self.home / "notes"), "TMPDIR": str(self.home), **(environment or {})}
        self.log_path = self.directory / f"gunicorn-{worker_class}-{os.getpid()}-{id(self)}.log"
        with open(self.log_path, "wb") as log:
            self.process = processes.start(command, log, env=variables, cwd="/", **details)
        self.pid = self.process.pid
        if forks:
            (self.pid,) = processes.wait_for(lambda: processes.children_of(self.process.pid), "the wrapper's child")
        if wait:
            self.wait_until_it_answers()

    def _home(self):
        """The server's own folder, as the server sees it."""
        if not self.root:
            home = self.directory / f"home-{id(self)}"
            home.mkdir()
            return home
        home = pathlib.Path("/tmp") / f"e2e-{os.getpid()}-{id(self)}"
        self._outside(home).mkdir()
        for path in (*APPS.glob("*app*.py"), *FRAMEWORKS.glob("*.py")):
            shutil.copy(path, self._outside(home))
        return home

    def _outside(self, path):
        return self.root / path.relative_to("/") if self.root else path

    def _choose_address(self, transport, inherit):
        if inherit:
            self.bind, self.address = None, inherit.getsockname()
        elif transport == "unix":
            self.bind = f"unix:{self.home}/s"
            self.address = str(self._outside(self.home / "s"))
        else:
            self.address = ("127.0.0.1", processes.free_port())
            self.bind = "%s:%d" % self.address

    def wait_until_it_answers(self):
        processes.wait_for(self._answers, lambda: f"Gunicorn does not answer; it said:\n{self.log()}")
        processes.wait_for(lambda: len(self.workers()) == self.count, "all workers are there")

    def _answers(self):
        assert self.process.poll() is None, f"Gunicorn ended with {self.process.returncode}:\n{self.log()}"
        try:
            with Connection(self.address) as connection:
                connection.send(self.probe)
                return connection.exchange("GET", "/hello").status == 200
        except (OSError, AssertionError):
            return False

    def listens(self):
        try:
            Connection(self.address).close()
            return True
        except OSError:
            return False

    def workers(self):
        return processes.children_of(self.pid)

    def noted(self, name):
        """The app's last note of that name (apps.py, note()), or None."""
        if not self.notes_path.exists():
            return None
        notes = [json.loads(line) for line in self.notes_path.read_text().splitlines()]
        return next((entry for entry in reversed(notes) if entry["name"] == name), None)

    def log(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self):
        # Open connections delay this by the graceful timeout at most.
        if self.process.poll() is None and self.pid != self.process.pid:
            os.kill(self.pid, signal.SIGTERM)
            processes.wait_for(lambda: self.process.poll() is not None, "the wrapper ends with its child")
        processes.end(self.process, signal.SIGTERM, 8)
        shutil.rmtree(self._outside(self.home), ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
