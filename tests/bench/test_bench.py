# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench.sh runs and writes a page whose numbers are there and possible. Nothing here depends on speed."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLASSES = ["sync", "uvicorn"]  # one application server of each kind; the others differ only in options


def section(page, title):
    """Rows of a section's first table, as lists of cells, its head left out."""
    text = page.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def number(cell):
    return float(re.match(r"\**([+-]?\d+(?:\.\d+)?)", cell)[1])


def test_page_of_a_short_run(tmp_path):
    output = tmp_path / "benchmarks.md"
    done = subprocess.run([ROOT / "scripts" / "bench.sh", "--seconds", "1", "--pairs", "1", "--attempts", "1", "--classes", *CLASSES, "--output", output],
                          capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr
    page = output.read_text(encoding="utf-8")
    assert "nan" not in page

    kernel = section(page, "In the kernel, per request")
    assert [row[0] for row in kernel[:2]] == CLASSES
    for row in kernel[:2]:
        calls, exporter, empty = map(number, row[1:4])
        assert calls > 1.9  # at least a read and a write
        assert exporter > empty and exporter > 0
    # The protocol of a sync request: one accept, one read, head and body written apart, one close.
    sync = {row[1]: number(row[2]) for row in kernel if row[0] == "sync" and len(row) == 5 and row[1].isalnum()}
    expected = {"accept4": 1, "recvfrom": 1, "sendto": 2, "close": 1}
    assert expected.keys() <= sync.keys()
    assert all(abs(sync[call] - count) < 0.3 for call, count in expected.items()), sync

    loop = section(page, "The calls of a request in a loop")
    assert [row[0] for row in loop] == ["accept", "read", "write head", "write body", "close", "**together**"]
    assert all(number(row[1]) > 0 and number(row[3]) > 0 for row in loop), loop

    for row in section(page, "The kernel's run-time statistics")[:2]:
        assert all(number(cell) > 0 for cell in row[1:6]), row
    for row in section(page, "On the worker"):
        assert all(number(cell) > 0 for cell in row[1:]), row
    assert [row[0] for row in section(page, "System calls of unobserved processes")] == ["`read`", "`getppid`"]
    for row in section(page, "The exporter itself"):
        assert number(row[1]) > 0 and number(row[3]) > 1 and number(row[4]) > 1, row


def test_page_of_few_series(tmp_path):
    output = tmp_path / "scrapes.md"
    subprocess.run([ROOT / "scripts" / "bench.sh", "--scrapes", "--workers", "2", "--endpoints", "3", "--rounds", "2", "--output", output],
                   check=True, capture_output=True, text=True, timeout=60)
    page = output.read_text(encoding="utf-8")
    failed = 2 * 4 * 3  # of each worker, each method, each path
    assert int(re.search(r"([\d,]+) series", page)[1].replace(",", "")) > failed
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["text 0.0.4", "OpenMetrics 1.0", "OpenMetrics 1.0, gzip"]
    assert all(number(cell) > 0 for row in rows for cell in row[2:]), rows
