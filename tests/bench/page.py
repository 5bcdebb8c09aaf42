# SPDX-License-Identifier: BSD-2-Clause
"""The measurements as Markdown, and how to read them."""

import datetime
import math
import os
import platform
import statistics
import subprocess

from probe import Exchange

CONNECTION_CALLS = ("accept4", "read", "readv", "recvfrom", "recvmsg", "write", "writev", "sendto", "sendmsg", "sendfile",
                    "close", "shutdown")

HEAD = """# Benchmarks

Written by `scripts/bench.sh`; not by hand. Hello-world of one worker under wrk, {connections} connections, runs of
{seconds} s, no keep-alive on sync workers. Aims: at most 2 µs of BPF time for a sync request, and at most 40 ns above an
empty program for a stranger's system call.

{machine}

How to read it: any program on this hook has a price that no code of ours can lower (the kernel's way to it, on each
system call of each process), shown by an *empty program* attached to the same hook. What the exporter adds is the
difference to that. A worker that runs an application finds little of what the programs need in its caches; the loop
finds all of it, repeats to a few per cent, and is what to compare after a change. Throughput and CPU time of a
worker vary by more than the exporter costs, hence alternating runs, medians, and ratios of neighbouring runs. {quiet}
"""


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def machine(load_before):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        cpu = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    versions = subprocess.run(["/usr/bin/python3", "-c", "import gunicorn, platform; print(gunicorn.__version__, platform.python_version())"],
                              capture_output=True, text=True, check=True).stdout.split()
    now = datetime.datetime.now(datetime.timezone.utc)
    return table(("", ""), [
        ("date", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("kernel", platform.release()),
        ("CPU", f"{os.cpu_count()} × {cpu}"),
        ("load average (1, 5, 15 min)", "before %.1f %.1f %.1f; after %.1f %.1f %.1f" % (*load_before, *os.getloadavg())),
        ("Gunicorn, Python", ", ".join(versions)),
    ])


def quiet(load_before, disturbed):
    """Whether the machine was left alone; the benchmark itself keeps about two processes running."""
    said = []
    if load_before[0] > 1.0:
        said.append(f"The machine was **not idle**: its load was {load_before[0]:.1f} before the first run.")
    if disturbed:
        said.append(f"During {disturbed} runs somebody else's programs were on the same hook.")
    return " ".join(said) or "Nothing else ran."


class Visits:
    """One round of the stopwatch: {between: ({call: Call}, requests)}."""

    def __init__(self, timed):
        self.timed = timed
        nothing = timed["nothing"][0].values()
        self.mean_of_nothing = sum(call.visits * call.mean_ns for call in nothing) / sum(call.visits for call in nothing)

    def per_request(self, between, names=None):
        calls, requests = self.timed[between]
        return sum(call.visits for name, call in calls.items() if names is None or name in names) / requests

    def request_ns(self, between, names=None):
        """Without what the stopwatch takes by itself."""
        calls, requests = self.timed[between]
        nothing = self.timed["nothing"][0]
        total = 0.0
        for name, call in calls.items():
            if names is None or name in names:
                total += call.visits * (call.mean_ns - (nothing[name].mean_ns if name in nothing else self.mean_of_nothing))
        return total / requests

    def visit_ns(self, between, names):
        visits = self.per_request(between, names)
        return self.request_ns(between, names) / visits if visits else 0.0


def median_of(rounds, value):
    return statistics.median(value(visits) for visits in rounds)


def in_the_kernel(classes):
    rows, details = [], []
    for name, results in classes.items():
        rounds = [Visits(timed) for timed in results["timed"]]
        count = median_of(rounds, lambda visits: visits.per_request("exporter"))
        exporter, empty = (median_of(rounds, lambda visits: visits.request_ns(between)) / 1000 for between in ("exporter", "empty"))
        own = sorted((visits.request_ns("exporter") - visits.request_ns("empty")) / 1000 for visits in rounds)
        rows.append((name, f"{count:.1f}", f"{exporter:.2f}", f"{empty:.2f}", f"**{statistics.median(own):.2f}** ({own[0]:.2f}–{own[-1]:.2f})"))
        seen = [call for call in CONNECTION_CALLS if rounds[0].per_request("exporter", [call]) >= 0.05]
        others = [call for call in rounds[0].timed["exporter"][0] if call not in seen]
        for label, calls in [*((call, [call]) for call in seen), ("all others", others)]:
            visits = median_of(rounds, lambda visits: visits.per_request("exporter", calls))
            times = (median_of(rounds, lambda visits: visits.visit_ns(between, calls)) for between in ("exporter", "empty"))
            details.append((name, label, f"{visits:.2f}", *(f"{time:.0f}" for time in times)))
    return f"""## In the kernel, a request

The worker's own system calls, timed by a stopwatch around the exporter's program on the hook, kernel statistics off.
Medians of alternating rounds, {len(rounds)} of each (lowest–highest).

{table(("worker class", "system calls", "exporter, µs", "empty program, µs", "exporter's own, µs"), rows)}
By system call:

{table(("worker class", "call", "a request", "exporter, ns", "empty program, ns"), details)}"""


def run_time_statistics(classes):
    rows, programs = [], []
    for name, results in classes.items():
        found, requests = results["statistics"]
        exporter, empty = found["sys_exit"], found["empty"]
        rows.append((name, f"{exporter.runs / requests:.1f}", f"{exporter.nanoseconds / exporter.runs:.0f}", f"{empty.nanoseconds / empty.runs:.0f}",
                     f"{exporter.nanoseconds / requests / 1000:.2f}", f"{empty.nanoseconds / requests / 1000:.2f}",
                     f"{(exporter.nanoseconds - empty.nanoseconds) / requests / 1000:.2f}"))
        for program in found.values():
            if program.runs and program.name not in ("sys_exit", "empty"):
                programs.append((name, program.name, program.runs, f"{program.nanoseconds / program.runs:.0f}"))
    others = table(("worker class", "program", "runs", "ns a run"), programs) if programs else "None of the others ran.\n"
    return f"""## The kernel's run-time statistics

Of the whole host: worker, wrk and all other processes, so these are above the stopwatch's. They include their own clock
reads, which is most of what the empty program shows. Programs that are reached by tail calls (`stream_bytes`,
`end_by_call`, `shut_by_call`) have no statistics of their own: their time is in `sys_exit`.

{table(("worker class", "runs a request", "`sys_exit`, ns a run", "empty, ns a run", "`sys_exit`, µs a request", "empty, µs a request", "difference, µs"), rows)}
Other programs of the exporter:

{others}"""


def on_the_worker(classes):
    rows = []
    for name, results in classes.items():
        pairs = results["pairs"]
        row = [name]
        for value, form in (("cpu_us", "{:.1f}"), ("rate", "{:.0f}")):
            ratios = pairs.ratios(value)
            row += [form.format(median) for median in pairs.medians(value)]
            row.append(f"**{statistics.median(ratios):.3f}** ({ratios[0]:.3f}–{ratios[-1]:.3f})")
        rows.append(row)
    count = len(next(iter(classes.values()))["pairs"].plain)
    return f"""## On the worker

CPU time (user and system) a request, and throughput. Medians of alternating runs, {count} of each; the ratio is the median
of the pairs' ratios (lowest–highest).

{table(("worker class", "CPU without, µs", "CPU with, µs", "ratio", "requests/s without", "with", "ratio"), rows)}"""


def in_a_loop(costs):
    medians = {attached: {call: statistics.median(getattr(cost, f"{call}_ns") for cost in found) if found else math.nan
                          for call in Exchange.CALLS} for attached, found in costs.items()}
    rows = [(call.replace("_", " "), f"{medians['nothing'][call]:.0f}",
             *(f"{medians[between][call] - medians['nothing'][call]:.0f}" for between in ("empty", "exporter")),
             f"{medians['exporter'][call] - medians['empty'][call]:.0f}") for call in Exchange.CALLS]
    rows.append(("**together**", *(f"**{sum(float(row[column]) for row in rows):.0f}**" for column in range(1, 5))))
    return f"""## The calls of a request in a loop

A process that only accepts, reads a request, writes head and body, and closes, over a unix socket. Nanoseconds; medians of
at least {min(map(len, costs.values()))} alternating rounds at the processor's full speed.

{table(("call", "nothing attached", "empty program adds", "exporter adds", "exporter's own"), rows)}"""


def a_stranger(costs):
    rows = []
    for call in ("read", "getppid"):
        medians = {attached: statistics.median(getattr(cost, f"{call}_ns") for cost in found) if found else math.nan
                   for attached, found in costs.items()}
        rows.append((f"`{call}`", *(f"{value:.0f}" for value in medians.values()),
                     *(f"**{medians['exporter'] - medians[floor]:+.0f}**" for floor in ("empty", "nothing"))))
    kept = min(map(len, costs.values()))
    return f"""## A stranger's system calls

Nanoseconds of one call of a process that is not observed; medians of at least {kept} alternating rounds, each at the
processor's full speed. `read` of /dev/null is a call that the exporter looks at, `getppid` one that it does not.

{table(("call", "nothing attached", "empty program", "exporter", "exporter above empty", "above nothing"), rows)}"""


def the_exporter(classes):
    rows = []
    for name, results in classes.items():
        pairs = results["pairs"]
        share = statistics.median(used.cpu_seconds / used.run_seconds for used in pairs.used)
        each = statistics.median(used.cpu_seconds / load.requests for used, load in zip(pairs.used, pairs.observed))
        rows.append((name, f"{share * 1000:.1f}", f"{each * 1e6:.2f}", f"{max(used.rss_bytes for used in pairs.used) / 2**20:.1f}",
                     f"{max(used.map_bytes for used in pairs.used) / 2**20:.1f}"))
    return f"""## The exporter itself

User space under the same load, with no scrapes; a snapshot and /proc are read by its own timers. Median CPU time, largest resident set.

{table(("worker class", "CPU ms a second", "CPU µs a request", "resident MiB", "BPF maps, MiB"), rows)}"""


def write(path, classes, loop, stranger, seconds, connections, load_before, disturbed):
    parts = [HEAD.format(connections=connections, seconds=seconds, machine=machine(load_before), quiet=quiet(load_before, disturbed)),
             in_the_kernel(classes), in_a_loop(loop), run_time_statistics(classes), on_the_worker(classes), a_stranger(stranger), the_exporter(classes)]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))
