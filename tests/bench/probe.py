# SPDX-License-Identifier: BSD-2-Clause
"""bench_probe (main.cpp) as context managers: each lives until the end of its `with`."""

import dataclasses
import os
import pathlib
import subprocess

from harness import processes

from load import look_around

DEFAULT = pathlib.Path(__file__).resolve().parents[2] / "build" / "bench_probe"
SECONDS = 20


def binary():
    return os.environ.get("GBE_BENCH_PROBE") or str(DEFAULT)


class _Running:
    def __init__(self, *arguments):
        # It ends with its standard input, so none is left behind when the benchmark is killed.
        self.process = subprocess.Popen([binary(), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self._next_line()

    def _next_line(self):
        if not self.process.stdout.readline():
            raise RuntimeError(f"bench_probe ended: {self.process.communicate(timeout=SECONDS)[1]}")

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self._next_line()

    def finish(self):
        """What it prints when its input ends."""
        said, complaint = self.process.communicate(timeout=SECONDS)
        if self.process.returncode:
            raise RuntimeError(f"bench_probe failed: {complaint}")
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            processes.end(self.process)


class Empty(_Running):
    """An empty program on the hook."""

    def __init__(self):
        super().__init__("empty")


class Statistics(_Running):
    """The kernel's run-time statistics of BPF programs, switched on."""

    def __init__(self):
        super().__init__("statistics")


@dataclasses.dataclass
class Call:
    """One system call of the timed process: how often, and how long it was in what was attached in between."""

    visits: int
    mean_ns: float
    interrupted: int


class Stopwatch(_Running):
    """Begins when made; what is attached to the hook between that and running() is timed."""

    def __init__(self, pid):
        super().__init__("stopwatch", str(pid))

    def running(self):
        self.step()

    def result(self):
        calls = {}
        for line in self.finish().splitlines():
            name, visits, total, interrupted = line.split("\t")
            if int(visits):
                calls[name] = Call(int(visits), int(total) / int(visits), int(interrupted))
        return calls


@dataclasses.dataclass
class UnobservedCosts:
    """Nanoseconds of one call of a process that is not observed, and of a fixed piece of arithmetic beside it."""

    read_ns: float  # a system call that the exporter looks at
    getppid_ns: float  # one that it ignores
    calibration_ns: float


def unobserved(rounds, own_pids, look):
    process = subprocess.Popen([binary(), "unobserved", str(rounds)], stdout=subprocess.PIPE, text=True)
    try:
        look_around(process, own_pids, look)
        return UnobservedCosts(*map(float, process.communicate(timeout=SECONDS)[0].split()))
    finally:
        processes.end(process)


@dataclasses.dataclass
class Exchange:
    """Nanoseconds of the system calls of one request, made by a child of a listening process."""

    accept_ns: float
    read_ns: float
    write_head_ns: float
    write_body_ns: float
    close_ns: float
    calibration_ns: float

    CALLS = ("accept", "read", "write_head", "write_body", "close")


def exchange(rounds, own_pids, look, check_worker):
    """check_worker(pid) is called while the child runs."""
    process = subprocess.Popen([binary(), "exchange", str(rounds)], stdout=subprocess.PIPE, text=True)
    try:
        (worker,) = processes.wait_for(lambda: processes.children_of(process.pid), "the child", every=0.005)
        check_worker(worker)
        look_around(process, own_pids, look)
        return Exchange(*map(float, process.communicate(timeout=SECONDS)[0].split()))
    finally:
        processes.end(process)
