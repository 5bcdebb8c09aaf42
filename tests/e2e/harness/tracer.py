# SPDX-License-Identifier: BSD-2-Clause
"""Runs `trace`, checks that what it says adds up, and a peer that takes its time to answer."""

import json
import pathlib
import signal
import socket
import threading
import time

import pytest

from . import processes
from .exporter import binary

PARTS = [f"{part}_seconds" for part in ("reading", "on_cpu", "gc", "run_queue", "lock", "sockets", "disk", "sleeping", "writing", "other")]


class Tracer:
    """A running `trace`, attached when the constructor returns. Its lines are objects unless `json` is False."""

    def __init__(self, directory, pid, *options, as_json=True):
        self.as_json = as_json
        self.output = pathlib.Path(directory) / f"trace-{id(self)}.out"
        self.errors = pathlib.Path(directory) / f"trace-{id(self)}.err"
        command = [binary(), "trace", "--pid", str(pid), *options, *(["--json"] if as_json else [])]
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            self.process = processes.start(command, priority=0, stdout=output, stderr=errors)
        processes.wait_for(self._ready, lambda: f"trace is not ready; it said:\n{self.said()}")

    def _ready(self):
        assert self.process.poll() is None, f"trace ended with {self.process.returncode}:\n{self.said()}"
        return "tracing" in self.said()

    def said(self):
        return self.errors.read_text(errors="replace")

    def lines(self):
        return self.output.read_text(errors="replace").splitlines()

    def requests(self, count):
        """All requests so far, once there are `count`."""
        processes.wait_for(lambda: len(self.lines()) >= count, lambda: f"{count} lines; there are {self.lines()}\n{self.said()}")
        return [json.loads(line) for line in self.lines()]

    def wait(self, seconds=20):
        return self.process.wait(seconds)

    def stop(self, how=signal.SIGINT):
        return processes.end(self.process, how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def check_sum(request):
    """Its parts are its duration. What the collector took is in another part where the interpreter has no probes."""
    parts = [request[part] for part in PARTS if part != "gc_seconds" or request[part] is not None]
    assert sum(parts) == pytest.approx(request["duration_seconds"], abs=2e-6), request
    assert sum(peer["seconds"] for peer in request["sockets"]) == pytest.approx(request["sockets_seconds"], abs=2e-6), request
    assert all(part >= 0 for part in parts), request


class SlowPeer:
    """Answers each line, a number of seconds, after that time. `address` as for socket.bind()."""

    def __init__(self, family, address):
        self.listener = socket.socket(family)
        self.listener.bind(address)
        self.listener.listen()
        self.address = self.listener.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection):
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                time.sleep(float(line))
                connection.sendall(b"done\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
