# SPDX-License-Identifier: BSD-2-Clause
"""Runs `report` for as long as a test takes."""

import json
import signal
import subprocess

from . import exporter, processes



class Recorder:
    """Records when the constructor returns; finish() ends it as Ctrl-C does."""

    def __init__(self, directory, pid, *options):
        self.log_path = directory / f"report-{id(self)}.log"
        self.output = directory / f"report-{id(self)}.out"
        command = [exporter.binary(), "report", "--pid", str(pid), "--duration", "10m", "--output", str(self.output), *options]
        with open(self.log_path, "wb") as log:
            self.process = processes.start(command, log, priority=0)
        processes.wait_for(lambda: "recording for" in self.log(), lambda: f"it records: {self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def finish(self):
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self, seconds=20):
        """What was written, once it has ended by itself or was told to."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"report does not end: {self.log()}") from None
        assert code == 0, self.log()
        return self.output.read_text()

    def json(self):
        return json.loads(self.finish())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        processes.end(self.process)
