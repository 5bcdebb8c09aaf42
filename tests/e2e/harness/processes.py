# SPDX-License-Identifier: BSD-2-Clause
"""Starting and ending child processes, and waiting for what they do."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def start(command, log=None, priority=None, **options):
    """Starts `command`; both output streams go to the file `log` if it is given. `priority` as nice(1) has it."""

    def prepare():
        # A test run that is killed leaves nothing running.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if priority is not None:
            os.setpriority(os.PRIO_PROCESS, 0, priority)

    if log is not None:
        options.setdefault("stdout", log)
        options.setdefault("stderr", subprocess.STDOUT)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=prepare, **options)


def end(process, how=signal.SIGTERM, seconds=60.0):
    """Ends a child politely, then by force. Returns its exit code as Popen has it."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(seconds)


def freeze(process):
    """SIGSTOP, and every thread has stopped when this returns."""
    process.send_signal(signal.SIGSTOP)

    def states():
        for task in os.listdir(f"/proc/{process.pid}/task"):
            with open(f"/proc/{process.pid}/task/{task}/stat", "rb") as file:
                yield file.read().rpartition(b")")[2].split()[0]

    wait_for(lambda: set(states()) == {b"T"}, "all threads stop")


PATIENCE = 180  # seconds, for what comes in a fraction of one: a busy machine decides no test


def wait_for(condition, what, seconds=PATIENCE, every=0.02):
    """Polls until condition() is true and returns its value; AssertionError says `what` never came."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


_reserved = []


def free_port():
    """A port that no other test is given as long as this process lives, and that no client is given by the kernel: it lies below the
    range of those. Abstract sockets of the same number tell the tests which are taken."""
    while True:
        port = random.randrange(12000, 32000)
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0gunicorn-bpf-exporter-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        _reserved.append(reservation)
        return port


def children_of(pid):
    """Pids of the direct children, oldest first."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != b"Z":
            found.append((int(fields[19]), int(entry)))
    return [child for _, child in sorted(found)]


def status_field(pid, name):
    """One number of /proc/<pid>/status, for example VmRSS in kB."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise AssertionError(f"no {name} in /proc/{pid}/status")
