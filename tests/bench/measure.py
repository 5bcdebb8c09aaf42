# SPDX-License-Identifier: BSD-2-Clause
"""The measurements: each function is one row of the page, from fresh runs of a real Gunicorn with one worker."""

import contextlib
import dataclasses
import os
import signal
import statistics

from harness.exporter import Exporter
from harness.processes import status_field, wait_for

import kernel
import probe
from load import Load, check_counted, drive

INTERVAL = "2s"  # the exporter's default
ATTEMPTS = 5  # at finding the processor at one speed
SAME_SPEED = 1.05


@dataclasses.dataclass
class Self:
    """The exporter's own use during one run."""

    cpu_seconds: float
    run_seconds: float
    rss_bytes: int
    map_bytes: int


def plain_run(server, seconds, look):
    return drive(server, seconds, [], look)


def observed_run(directory, server, seconds, look):
    """The same under observation; also what the exporter itself used."""
    with Exporter(directory, pid=server.pid, interval=INTERVAL) as exporter:
        pid, before = exporter.process.pid, exporter.scrape()
        cpu = kernel.cpu_seconds(pid)
        load = drive(server, seconds, [pid], look)
        used = Self(kernel.cpu_seconds(pid) - cpu, load.seconds, status_field(pid, "VmRSS") * 1024, kernel.map_bytes(pid))
        check_counted(exporter, before, load.requests)
        return load, used


@dataclasses.dataclass
class Pairs:
    """Alternating runs without and with the exporter."""

    plain: list[Load]
    observed: list[Load]
    used: list[Self]

    def medians(self, value):
        """(without, with) of `value`, the name of a property of Load."""
        return tuple(statistics.median(getattr(load, value) for load in loads) for loads in (self.plain, self.observed))

    def ratios(self, value):
        """With / without of each pair: neighbours in time, so that a machine that slows down affects both."""
        return sorted(getattr(after, value) / getattr(before, value) for before, after in zip(self.plain, self.observed))


def alternate(directory, server, seconds, count, watch):
    pairs = Pairs([], [], [])
    for number in range(count):
        for observed in (number % 2 == 1, number % 2 == 0):  # who goes first changes
            if observed:
                load, used = watch.undisturbed(lambda look: observed_run(directory, server, seconds, look))
                pairs.observed.append(load)
                pairs.used.append(used)
            else:
                pairs.plain.append(watch.undisturbed(lambda look: plain_run(server, seconds, look)))
    return pairs


BETWEEN = ("nothing", "empty", "exporter")


def timed_calls(directory, server, seconds, between, watch):
    """How long the worker's system calls stay in one of BETWEEN: {call: Call}, and the requests meanwhile."""

    def measure(look):
        (worker,) = server.workers()
        with contextlib.ExitStack() as stack:
            stopwatch = stack.enter_context(probe.Stopwatch(worker))
            pids, exporter = [stopwatch.pid], None
            if between == "empty":
                pids.append(stack.enter_context(probe.Empty()).pid)
            elif between == "exporter":
                exporter = stack.enter_context(Exporter(directory, pid=server.pid, interval=INTERVAL))
                pids.append(exporter.process.pid)
                before = exporter.scrape()
            stopwatch.running()
            load = drive(server, seconds, pids, look)
            calls = stopwatch.result()
            if exporter:
                check_counted(exporter, before, load.requests)
            return calls, load.requests

    return watch.undisturbed(measure)


def timed_rounds(directory, server, seconds, count, watch):
    """The three in turns: a list of {between: timed_calls()}."""
    return [{between: timed_calls(directory, server, seconds, between, watch) for between in BETWEEN} for _ in range(count)]


def kernel_statistics(directory, server, seconds, watch):
    """The kernel's run-time statistics of the exporter's programs and of the empty one beside them: {name: Program},
    and the requests meanwhile. They count every process of the host."""

    def measure(look):
        with probe.Empty() as empty, Exporter(directory, pid=server.pid, interval=INTERVAL) as exporter, probe.Statistics():
            pids = [empty.pid, exporter.process.pid]

            def read():
                return {"empty": kernel.programs(empty.pid)["empty"], **kernel.programs(exporter.process.pid)}

            scrape, before = exporter.scrape(), read()
            load = drive(server, seconds, pids, look)
            after = read()
            check_counted(exporter, scrape, load.requests)
            gained = {name: kernel.Program(name, program.runs - before[name].runs, program.nanoseconds - before[name].nanoseconds)
                      for name, program in after.items()}
            return gained, load.requests

    return watch.undisturbed(measure)


def unobserved_calls(directory, server, rounds, repeats, watch):
    """Costs of the calls of an unobserved process with nothing, an empty program and the exporter attached, in turns:
    {between: [UnobservedCosts]}, those of another speed than the fastest left out."""
    found = {attached: [] for attached in BETWEEN}

    def measure(attached, look):
        with contextlib.ExitStack() as stack:
            pids = []
            if attached == "empty":
                pids = [stack.enter_context(probe.Empty()).pid]
            elif attached == "exporter":
                pids = [stack.enter_context(Exporter(directory, pid=server.pid, interval=INTERVAL)).process.pid]
            return probe.unobserved(rounds, pids, look)

    return at_one_speed(found, repeats, lambda attached: watch.undisturbed(lambda look: measure(attached, look)))


def exchanges(directory, rounds, repeats, watch):
    """Costs of the system calls of a request in a loop that does nothing else: {between: [Exchange]}, in turns.

    The exporter's user space is stopped meanwhile: it would find that this is no Gunicorn, and let go of it."""
    found = {attached: [] for attached in BETWEEN}

    def measure(attached, look):
        with contextlib.ExitStack() as stack:
            if attached == "nothing":
                return probe.exchange(rounds, [], look, lambda worker: None)
            if attached == "empty":
                return probe.exchange(rounds, [stack.enter_context(probe.Empty()).pid], look, lambda worker: None)
            exporter = stack.enter_context(Exporter(directory, interval=INTERVAL)).process.pid
            os.kill(exporter, signal.SIGSTOP)
            stack.callback(os.kill, exporter, signal.SIGCONT)

            def check_observed(worker):
                wait_for(lambda: worker in kernel.observed_workers(exporter), f"{worker} is observed")

            return probe.exchange(rounds, [exporter], look, check_observed)

    return at_one_speed(found, repeats, lambda attached: watch.undisturbed(lambda look: measure(attached, look)))


def at_one_speed(found, repeats, measure):
    """Fills `found` in turns and leaves out what was measured at another speed of the processor than the fastest. When
    nothing is left of one of them, all are measured again."""
    for _ in range(ATTEMPTS):
        for _ in range(repeats):
            for attached, costs in found.items():
                costs.append(measure(attached))
        limit = SAME_SPEED * min(cost.calibration_ns for costs in found.values() for cost in costs)
        kept = {attached: [cost for cost in costs if cost.calibration_ns <= limit] for attached, costs in found.items()}
        if all(kept.values()):
            break
    return kept
