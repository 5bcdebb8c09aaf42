# SPDX-License-Identifier: BSD-2-Clause
"""What tracing every request costs its worker, and sampling its stacks on top; writes docs/cost-of-tracing.md."""

import itertools
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]

from harness.exporter import Exporter  # noqa: E402
from harness.server import Gunicorn  # noqa: E402
from harness.tracer import Tracer  # noqa: E402
from load import drive  # noqa: E402
import document  # noqa: E402
import kernel  # noqa: E402

CASES = {"nothing": None, "serving": (), "trace": ("--slower-than", "1h"), "trace --stacks": ("--slower-than", "1h", "--stacks")}
TITLE = """# What tracing costs

Written by `scripts/bench.sh --tracing`; not by hand. Hello-world of one worker under wrk, 16 connections, runs of {seconds} s;
{rounds} rounds in which the cases take turns. The worker's CPU time a request (user and system) is compared with the run of the same
round without anything attached, and with that of the line above: medians of the ratios (lowest–highest). Serving is the exporter as it
runs all the time; tracing comes on top of what it does, sampling stacks (100 times a second) on top of tracing. BPF time is that of all programs of the host, by the
kernel's statistics, whose own clock reads are in it (about 80 ns for each run of a program), in runs of their own. Every
request is traced; `--slower-than` keeps the command from printing them. {when}, Linux {kernel}, Gunicorn from the base system.
"""


def observed(directory, server, seconds, case):
    options = CASES[case]
    look = lambda pids: None  # noqa: E731
    if options is None:
        return drive(server, seconds, [], look)
    if case == "serving":
        with Exporter(directory, pid=server.pid, interval="2s"):
            return drive(server, seconds, [], look)
    with Tracer(directory, server.pid, *options):
        return drive(server, seconds, [], look)


def bpf_seconds():
    """Of all programs that are loaded now."""
    return sum(program.get("run_time_ns", 0) for program in kernel.all_programs()) / 1e9


def run_time(directory, server, seconds, case):
    options = CASES[case]
    running = Exporter(directory, pid=server.pid, interval="2s") if case == "serving" else Tracer(directory, server.pid, *options)
    with running:
        before = bpf_seconds()
        load = drive(server, seconds, [], lambda pids: None)
        return (bpf_seconds() - before) / load.requests * 1e6


def ratio(values, bases):
    ratios = sorted(value / base for value, base in zip(values, bases))
    return f"**{statistics.median(ratios):.2f}** ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def table(directory, worker_class, given):
    cpu = {case: [] for case in CASES}
    time_of = {case: [] for case in CASES}
    with Gunicorn(directory, worker_class, threads=4 if worker_class == "gthread" else None) as server:
        for number in range(given.rounds):
            order = list(CASES)[number % len(CASES):] + list(CASES)[:number % len(CASES)]
            for case in order:
                cpu[case].append(observed(directory, server, given.seconds, case).cpu_us)
        document.count_run_time(True)
        for case in list(CASES)[1:]:
            time_of[case] = [run_time(directory, server, given.seconds, case) for _ in range(2)]
        document.count_run_time(False)
    lines = ["", f"## {worker_class}", "", "| attached | CPU a request, µs | ratio to nothing | ratio to the line above | BPF time a request, µs |",
             "|---|---|---|---|---|", f"| nothing | {statistics.median(cpu['nothing']):.0f} | | | |"]
    for above, case in itertools.pairwise(CASES):
        lines.append(f"| {case} | {statistics.median(cpu[case]):.0f} | {ratio(cpu[case], cpu['nothing'])} | {ratio(cpu[case], cpu[above])} "
                     f"| {statistics.median(time_of[case]):.1f} |")
    return lines


def main():
    given = document.arguments("tracing", "Measures what tracing every request costs.", rounds=11, seconds=3)
    lines = [document.opening(TITLE, given)]
    with document.a_run(given.output) as directory:
        document.count_run_time(False)
        for worker_class in ("sync", "gthread"):
            print(f"bench: {worker_class}", file=sys.stderr, flush=True)
            lines += table(directory, worker_class, given)
        document.write_tables(given.output, lines)


if __name__ == "__main__":
    main()
