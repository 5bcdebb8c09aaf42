# SPDX-License-Identifier: BSD-2-Clause
"""Load on one Gunicorn worker, what it cost the worker, and whether anything else was on the hook meanwhile."""

import dataclasses
import re
import subprocess
import time

from harness.processes import end, wait_for

import kernel

CONNECTIONS = 16
LOOK_SECONDS = 0.5  # between two looks at what is attached
QUIET_SECONDS = 5  # how long a run waits for others to leave the hook


@dataclasses.dataclass
class Load:
    requests: int
    seconds: float
    worker_cpu: float  # seconds

    @property
    def rate(self):
        return self.requests / self.seconds

    @property
    def cpu_us(self):
        return self.worker_cpu / self.requests * 1e6


class Disturbed(Exception):
    """Programs of somebody else ran on the same hook: the numbers are not what they seem."""


class Watch:
    """Repeats measurements that were disturbed, up to `attempts` times; 1 takes them as they are."""

    def __init__(self, attempts):
        self.attempts = attempts
        self.disturbed = 0  # measurements that were kept all the same

    def undisturbed(self, measure):
        """The result of measure(look), which has to call look(own_pids) now and then; own_pids are the processes
        whose programs belong to the measurement."""
        for left in reversed(range(self.attempts)):
            seen = set()

            def look(own_pids):
                seen.update(kernel.other_programs_on_the_hook(own_pids))
                if seen and left:
                    raise Disturbed

            if self.attempts > 1:
                self._wait_until_quiet()
            try:
                result = measure(look)
            except Disturbed:
                continue
            self.disturbed += bool(seen)
            return result
        raise AssertionError("the last attempt returns")

    @staticmethod
    def _wait_until_quiet():
        deadline = time.monotonic() + QUIET_SECONDS
        while kernel.other_programs_on_the_hook([]) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)


def drive(server, seconds, own_pids, look):
    """Runs wrk against `server`, whose only worker is measured."""
    (worker,) = server.workers()
    cpu = kernel.cpu_seconds(worker)
    wrk = subprocess.Popen(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "http://%s:%d/hello" % server.address],
                           stdout=subprocess.PIPE, text=True)
    try:
        look_around(wrk, own_pids, look)
        said = wrk.communicate(timeout=seconds + 20)[0]
    finally:
        end(wrk)
    cpu = kernel.cpu_seconds(worker) - cpu
    completed = re.search(r"(\d+) requests in ([\d.]+)s", said)
    if not completed or "Non-2xx" in said or not int(completed[1]):
        raise RuntimeError(f"wrk failed:\n{said}\n{server.log()}")
    return Load(int(completed[1]), float(completed[2]), cpu)


def look_around(process, own_pids, look):
    """Until the process ends."""
    while process.poll() is None:
        look(own_pids)
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def check_counted(exporter, before, requests):
    """What wrk completed has been counted: else the benchmark would be that of an exporter which does nothing.
    wrk leaves up to CONNECTIONS requests behind, which may be served after it has gone."""

    def gained():
        return exporter.scrape().total("gunicorn_worker_requests_total") - before.total("gunicorn_worker_requests_total")

    wait_for(lambda: requests <= gained() <= requests + CONNECTIONS, lambda: f"counted {gained():.0f} of wrk's {requests}")
