# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmarks share that write one document each: their options, the kernel's statistics, the date."""

import argparse
import contextlib
import pathlib
import platform
import sys
import tempfile
import time

STATISTICS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs/internals"


def arguments(name, description, **numbers):
    """Of `bench.sh --NAME`: numbers with their defaults, and the document."""
    parser = argparse.ArgumentParser(prog=f"bench.sh --{name}", description=f"{description} Takes some minutes.")
    for number, default in numbers.items():
        parser.add_argument(f"--{number}", type=int, default=default)
    parser.add_argument("--output", type=pathlib.Path, default=PAGES / f"cost-of-{name}.md")
    return parser.parse_args()


def count_run_time(on):
    """Switches the kernel's run-time statistics of BPF programs, which cost time themselves."""
    STATISTICS.write_text("1" if on else "0")


@contextlib.contextmanager
def a_run(output):
    """A directory that goes afterwards; the kernel's statistics are then as they were."""
    enabled = STATISTICS.read_text()
    try:
        with tempfile.TemporaryDirectory() as directory:
            yield pathlib.Path(directory)
    finally:
        STATISTICS.write_text(enabled)
    print(f"bench: {output}", file=sys.stderr)


def opening(title, given, **more):
    return title.format(**vars(given), **more, when=time.strftime("%Y-%m-%d", time.gmtime()), kernel=platform.release())


def write_tables(output, lines):
    output.write_text("\n".join(lines).replace("\n\n\n", "\n\n") + "\n")
