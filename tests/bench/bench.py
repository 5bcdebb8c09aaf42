# SPDX-License-Identifier: BSD-2-Clause
"""What observing costs, measured: see scripts/bench.sh, which starts this, and docs/benchmarks.md, which it writes."""

import argparse
import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]

from harness import exporter, server  # noqa: E402

import measure  # noqa: E402
import page  # noqa: E402
import probe  # noqa: E402
from load import CONNECTIONS, Watch  # noqa: E402

CLASSES = ("sync", "gthread", "gevent", "uvicorn")
TIMED_SECONDS = 2  # of a run with the stopwatch: thousands of requests are enough
EXCHANGE_ROUNDS = 500  # of 0.2 ms and more
UNOBSERVED_ROUNDS = 500  # of 0.3 ms and more


def arguments():
    parser = argparse.ArgumentParser(prog="bench.sh", description="Measures what observing a Gunicorn costs. Takes some minutes; wants an idle machine.")
    parser.add_argument("--seconds", type=int, default=5, help="length of a run under load (default 5)")
    parser.add_argument("--pairs", type=int, default=5, help="alternating runs without and with the exporter (default 5)")
    parser.add_argument("--classes", nargs="+", choices=CLASSES, default=CLASSES, metavar="CLASS", help="worker classes: " + ", ".join(CLASSES))
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs" / "benchmarks.md", help="the page to write (default docs/benchmarks.md)")
    parser.add_argument("--attempts", type=int, default=4, help="how often a run is made when others' programs are on the same hook (default 4); 1 does not wait for them to go")
    given = parser.parse_args()
    if min(given.seconds, given.pairs, given.attempts) < 1:
        parser.error("--seconds, --pairs and --attempts are from 1")
    return given


def refuse_unless_possible():
    if os.geteuid() != 0:
        sys.exit("bench: run as root: loading BPF programs needs it")
    for binary in (exporter.binary(), probe.binary()):
        if not os.access(binary, os.X_OK):
            sys.exit(f"bench: no binary at {binary}: scripts/build.sh --all makes it")


def measure_class(directory, name, given, watch):
    threads = 4 if name == "gthread" else None
    with server.Gunicorn(directory, name, threads=threads) as running:
        return {"timed": measure.timed_rounds(directory, running, min(given.seconds, TIMED_SECONDS), (given.pairs + 1) // 2, watch),
                "statistics": measure.kernel_statistics(directory, running, given.seconds, watch),
                "pairs": measure.alternate(directory, running, given.seconds, given.pairs, watch)}


def main():
    given = arguments()
    refuse_unless_possible()
    load_before, watch, classes = os.getloadavg(), Watch(given.attempts), {}
    with tempfile.TemporaryDirectory() as directory:
        for name in given.classes:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            classes[name] = measure_class(directory, name, given, watch)
        print("bench: an unobserved process", file=sys.stderr, flush=True)
        with server.Gunicorn(directory, "sync") as running:
            unobserved = measure.unobserved_calls(directory, running, UNOBSERVED_ROUNDS, 2 * given.pairs - 1, watch)
        print("bench: calls in a loop", file=sys.stderr, flush=True)
        loop = measure.exchanges(directory, EXCHANGE_ROUNDS, 2 * given.pairs - 1, watch)
    page.write(given.output, classes, loop, unobserved, given.seconds, CONNECTIONS, load_before, watch.disturbed)
    print(f"bench: {given.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
