# SPDX-License-Identifier: BSD-2-Clause
"""Keeps which rows passed with which server, and makes the matrix of docs/requests-matrix.md of them.

    results.py DIRECTORY            prints the page
    results.py DIRECTORY --check    fails when docs/requests-matrix.md says something else, or a row did not pass
"""

import json
import os
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "requests-matrix.md"
HERE = "20.1 · 3.11"  # Gunicorn and Python of this system
SERVERS = {"bullseye": "20.1 · 3.9", "trixie": "23 · 3.13", "sid": "26 · 3.14"}
CLASSES = ["sync", "gthread", "gevent", "eventlet", "tornado", "uvicorn", "asgi"]
INTRODUCTION = """\
# What was tried, and with which Gunicorn

Made by `tests/e2e/results.py` from a run of the end-to-end tests. A cell names the servers (Gunicorn · Python) with which
a real client's exchange was counted exactly as the wire showed it; all of them passed. Over TCP; what this system's
20.1 · 3.11 shows was tried over unix sockets as well, except in rows with a star. An empty cell: this worker class cannot do
it, or answers in a way that makes it another row.
"""


class Recorder:
    """A pytest plugin."""

    def __init__(self, directory):
        self.directory, self.rows = pathlib.Path(directory), []

    def pytest_runtest_makereport(self, item, call):
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if call.when == "call" and parameters.get("row") is not None:
            self.rows.append({"row": parameters["row"].name, "worker_class": parameters["worker_class"],
                              "transport": parameters.get("transport", "tcp"), "suite": parameters.get("suite"),
                              "passed": call.excinfo is None})

    def pytest_sessionfinish(self, session):
        if self.rows:
            self.directory.mkdir(parents=True, exist_ok=True)
            name = "-".join(sorted({pathlib.Path(item.path).stem for item in session.items})) + ".json"
            (self.directory / name).write_text(json.dumps(self.rows))


def collected(directory):
    found = []
    for file in sorted(pathlib.Path(directory).glob("*.json")):
        found += json.loads(file.read_text())
    return found


def cell(results):
    names = [HERE] if any(result["suite"] is None for result in results) else []
    names += [name for suite, name in SERVERS.items() if any(result["suite"] == suite for result in results)]
    return "<br>".join(names)


def page(results):
    lines = [INTRODUCTION, "| case | " + " | ".join(CLASSES) + " |", "|---" * (len(CLASSES) + 1) + "|"]
    for row in dict.fromkeys(result["row"] for result in results):
        own = [result for result in results if result["row"] == row]
        star = "" if any(result["transport"] == "unix" for result in own) else " *"
        cells = [cell([result for result in own if result["worker_class"] == name]) for name in CLASSES]
        lines.append(f"| {row.replace('-', ' ')}{star} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(directory, *options):
    results = collected(directory)
    if not results:
        sys.exit(f"no results in {directory}: run the tests e2e.requests and roots.roots first")
    failed = [result for result in results if not result["passed"]]
    if failed:
        sys.exit(f"not passed: {failed}")
    text = page(results)
    if "--check" not in options:
        print(text, end="")
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE} is out of date: /usr/bin/python3 tests/e2e/results.py {directory} > {os.path.relpath(PAGE)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
