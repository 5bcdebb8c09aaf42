# SPDX-License-Identifier: BSD-2-Clause
"""Figures of cost in README.md and docs/ are those of docs/benchmarks.md, which scripts/bench.sh writes."""

import re
import sys

import pytest

sys.dont_write_bytecode = True

from shell_blocks import ROOT  # noqa: E402

BENCHMARKS = (ROOT / "docs/benchmarks.md").read_text()
OVERVIEW = ["README.md", "docs/operations.md", "docs/migration.md"]


def column(section, index):
    """{first cell of a row: number in the cell at `index`} of a section's first table."""
    text = BENCHMARKS.split(f"\n## {section}\n")[1].split("\n\n|", 1)[1].split("\n\n")[0]
    rows = [[cell.strip(" `*") for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    return {row[0]: float(re.match(r"\**([+-]?\d+(?:\.\d+)?)", row[index])[1]) for row in rows}


def range_of(values, form):
    return f"{format(min(values), form)} to {format(max(values), form)}"


def readme():
    return (ROOT / "README.md").read_text()


def test_cost_of_a_request():
    own = column("In the kernel, per request", 4).values()
    cpu = [with_it - without for without, with_it in
           zip(column("On the worker", 1).values(), column("On the worker", 2).values())]
    assert f"{range_of(own, '.1f')} µs in the BPF programs" in readme()
    assert f"{range_of(cpu, '.0f')} µs of CPU time per request on the worker" in readme()
    assert f"{range_of(own, '.1f')} µs in the BPF programs" in (ROOT / "docs/operations.md").read_text()


def test_loss_of_throughput():
    loss = {name: round((1 - ratio) * 100) for name, ratio in column("On the worker", 6).items()}
    for name, percent in loss.items():
        assert f"−{percent} % ({name})" in readme()
    three = [loss[name] for name in ("sync", "gthread", "gevent")]
    assert " / ".join(f"−{percent} %" for percent in three) in readme()
    assert " / ".join(f"{percent} %" for percent in three) in (ROOT / "docs/migration.md").read_text()


@pytest.mark.parametrize("page", OVERVIEW)
def test_cost_of_system_calls_of_unobserved_processes(page):
    added = column("System calls of unobserved processes", 5).values()
    assert f"{range_of(added, '.0f')} ns" in (ROOT / page).read_text()


def test_parts_of_that_cost():
    section = "System calls of unobserved processes"
    empty = [program - nothing for nothing, program in zip(column(section, 1).values(), column(section, 2).values())]
    page = (ROOT / "docs/operations.md").read_text()
    assert f"{range_of(empty, '.0f')} ns for any program on one such tracepoint" in page
    assert f"{range_of(column(section, 4).values(), '.0f')} ns for the exporter's programs" in page


def test_cost_of_the_exporter():
    cpu, resident, maps = (column("The exporter itself", index).values() for index in (1, 3, 4))
    assert f"{max(cpu):.0f} ms of CPU time per second" in readme()
    assert f"{range_of(resident, '.0f')} MiB of resident memory, {max(maps):.0f} MiB of BPF maps" in readme()
