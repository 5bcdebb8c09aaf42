# SPDX-License-Identifier: BSD-2-Clause
"""What each group of measurements costs in the kernel, by the kernel's own run-time statistics; writes docs/cost-of-groups.md."""

import pathlib
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]

import document  # noqa: E402
from harness import exporter, server  # noqa: E402

GROUPS = ("activity", "waits", "backlog", "sizes", "exceptions", "gc")
CASES = {"no group": (), **{name: (name,) for name in GROUPS}, "all groups": GROUPS, "all groups and --routes": GROUPS}
TITLE = """# What each group costs

Written by `scripts/bench.sh --groups`; not by hand. BPF run time of all programs together, by the kernel's statistics (whose own
clock reads are in it: about 80 ns for each run of a program), divided by the responses; hello-world of one worker under wrk, 8
connections. Medians of {rounds} rounds of {seconds} s, the cases taking turns; the difference is to the runs without any group.
A failed request (`/raise`) shows what an exception costs. {when}, Linux {kernel}, Gunicorn from the base system.
"""


def run_time(scrape):
    return scrape.total("gunicorn_bpf_exporter_bpf_run_time_seconds_total")


def measure(directory, running, case, path, seconds):
    options = [f"--no-collector.{name}" for name in GROUPS if name not in CASES[case]]
    options += ["--routes"] if "--routes" in case else []
    with exporter.Exporter(directory, *options, pid=running.pid) as observer:
        before = observer.scrape()
        subprocess.run(["wrk", "-t", "1", "-c", "8", "-d", f"{seconds}s", "http://%s:%d%s" % (*running.address, path)], check=True, capture_output=True)
        time.sleep(0.2)
        after = observer.scrape()
    requests = after.total("gunicorn_worker_requests_total") - before.total("gunicorn_worker_requests_total")
    return (run_time(after) - run_time(before)) / requests * 1e6


def table(directory, worker_class, path, given):
    found = {case: [] for case in CASES}
    with server.Gunicorn(directory, worker_class, threads=4 if worker_class == "gthread" else None) as running:
        for _ in range(given.rounds):
            for case in CASES:
                found[case].append(measure(directory, running, case, path, given.seconds))
    medians = {case: statistics.median(values) for case, values in found.items()}
    lines = ["", f"## {worker_class}, `{path}`", "", "| measured | µs a request (lowest–highest) | difference |", "|---|---|---|"]
    for case, values in found.items():
        lines.append(f"| {case} | {medians[case]:.2f} ({min(values):.2f}–{max(values):.2f}) | {medians[case] - medians['no group']:+.2f} |")
    return lines


def main():
    given = document.arguments("groups", "Measures what each group of measurements costs.", rounds=5, seconds=2)
    lines = [document.opening(TITLE, given)]
    with document.a_run(given.output) as directory:
        document.count_run_time(True)
        for worker_class, path in (("sync", "/hello"), ("gthread", "/hello"), ("gthread", "/raise")):
            print(f"bench: {worker_class} {path}", file=sys.stderr, flush=True)
            lines += table(directory, worker_class, path, given)
        document.write_tables(given.output, lines)


if __name__ == "__main__":
    main()
