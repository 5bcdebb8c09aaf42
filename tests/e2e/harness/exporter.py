# SPDX-License-Identifier: BSD-2-Clause
"""Runs the binary under test and scrapes it."""

import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

from . import processes
from .exposition import Scrape

DEFAULT_BINARY = pathlib.Path(__file__).resolve().parents[3] / "build" / "gunicorn-bpf-exporter"
# Loading and verifying the programs takes well under a second on an idle host, and may take twenty on a busy one.


def binary():
    return os.environ.get("GBE_BINARY") or str(DEFAULT_BINARY)


class Exporter:
    """A running exporter, ready when the constructor returns."""

    def __init__(self, directory, *options, pid=None, interval="1s", port=None, wrapper=(), **details):
        """`pid` may be a list of them. `port` is one that an exporter before had. `wrapper` runs it in its place, for example
        setpriv; `details` are Popen's."""
        self.port = port or processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [*wrapper, binary(), "--web.listen-address", f"127.0.0.1:{self.port}", "--sampling-interval", interval]
        for one in pid if isinstance(pid, list) else [pid] if pid is not None else []:
            command += ["--pid", str(one)]
        self.log_path = pathlib.Path(directory) / f"exporter-{self.port}.log"
        with open(self.log_path, "wb") as log:
            self.process = processes.start([*command, *options], log, priority=0, **details)
        processes.wait_for(self._ready, lambda: f"the exporter is not ready; it said:\n{self.log()}")

    def _ready(self):
        assert self.process.poll() is None, f"the exporter ended with {self.process.returncode}:\n{self.log()}"
        return self.get("/-/ready")[0] == 200

    def log(self):
        return self.log_path.read_text(errors="replace")

    def get(self, path, **headers):
        """Status and body of one request; (0, "") when nothing answers."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return 0, ""

    def scrape(self):
        status, text = self.get("/metrics")
        assert status == 200, f"scrape answered {status}: {text}\n{self.log()}"
        return Scrape(text)

    def stop(self, how=signal.SIGTERM):
        return processes.end(self.process, how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run(*options, command=(), seconds=180):
    """Runs the binary to its end: for what is refused. `command` goes in front, for example setpriv."""
    return subprocess.run([*command, binary(), *options], capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
