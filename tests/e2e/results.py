# SPDX-License-Identifier: BSD-2-Clause
"""Keeps which rows passed with which server, and makes docs/requests-matrix.md, docs/lifecycle.md and
docs/exceptions-matrix.md of them.

    results.py DIRECTORY            writes the pages
    results.py DIRECTORY --check    fails when one of them says something else, or a row did not pass
"""

import json
import pathlib
import re
import sys

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
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

LIFECYCLE = """\
# Ends of workers, as they are reported

Made by `tests/e2e/results.py` from a run of the end-to-end tests. Each row is an event of a real Gunicorn's life, and what
`gunicorn_worker_exits_total` and `gunicorn_master_worker_restarts_total` said of it with each of the servers (Gunicorn · Python).
How a worker comes to its end differs between versions; what is reported does not.

| event | exits by reason | restarts | servers |
|---|---|---|---|
"""

EXCEPTIONS = """\
# Exceptions that were told

Made by `tests/e2e/results.py` from a run of the end-to-end tests. A cell names the servers (Gunicorn · Python) with which 300
failing requests (`ValueError`, `KeyError`, and an exception raised from another), 300 that the application answered with 503 by
itself and 300 healthy ones, mixed by four clients at once, had `error_type` right: the class behind each failing request, `unknown`
behind each 503, nothing behind the healthy ones. No wrong class and no wrong endpoint was seen anywhere.

"""
UNLOGGED = """
## With `--python-unlogged`

The same, but nothing behind each 503: nothing was raised for it. *Of 503s N %*: that share was `unknown`, since others failed
meanwhile and the event loop answers for all.

"""
BUILDS = """
## Builds without USDT

gthread, on Pythons built from source where the machine of the run had them.

"""
APPLICATIONS = {None: "plain WSGI", "flask_app": "Flask", "django_app": "Django", "starlette_app": "Starlette", "fastapi_app": "FastAPI"}


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
        errors = dict(item.user_properties).get("errors") if call.when == "call" else None
        if errors:
            python = parameters.get("python")
            self.rows.append({**errors, "errors": True, "suite": parameters.get("suite"), "python": python and python.parts[-3],
                              "passed": call.excinfo is None})
        for exits, restarts in dict(item.user_properties).get("settled", ()) if call.when == "call" else ():
            event = " ".join([item.originalname.removeprefix("test_").replace("_", " "), *(
                f"`{value}`" for name, value in parameters.items() if name not in ("suite", "reason"))])
            self.rows.append({"event": event, "exits": exits, "restarts": restarts, "suite": item.callspec.id.split("-")[0],
                              "passed": call.excinfo is None})

    def pytest_sessionfinish(self, session):
        if self.rows:
            self.directory.mkdir(parents=True, exist_ok=True)
            suites = sorted({row["suite"] or "here" for row in self.rows})
            name = "-".join(sorted({pathlib.Path(item.path).stem for item in session.items}) + suites) + ".json"
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


def requests_page(results):
    lines = [INTRODUCTION, "| case | " + " | ".join(CLASSES) + " |", "|---" * (len(CLASSES) + 1) + "|"]
    for row in dict.fromkeys(result["row"] for result in results):
        own = [result for result in results if result["row"] == row]
        star = "" if any(result["transport"] == "unix" for result in own) else " *"
        cells = [cell([result for result in own if result["worker_class"] == name]) for name in CLASSES]
        lines.append(f"| {row.replace('-', ' ')}{star} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def lifecycle_page(results):
    names = {"20.1": HERE, "23": SERVERS["trixie"], "26": SERVERS["sid"]}
    servers = {}
    for result in results:
        key = (result["event"], ", ".join(f"{reason} {count}" for reason, count in sorted(result["exits"].items())) or "none", result["restarts"])
        servers.setdefault(key, set()).add(result["suite"])
    rows = (f"| {event} | {exits} | {restarts} | {', '.join(name for suite, name in names.items() if suite in ran)} |"
            for (event, exits, restarts), ran in sorted(servers.items()))
    return LIFECYCLE + "\n".join(rows) + "\n"


def exceptions_table(results):
    lines = ["| application | " + " | ".join(CLASSES) + " |", "|---" * (len(CLASSES) + 1) + "|"]
    for application, title in APPLICATIONS.items():
        cells = []
        for name in CLASSES:
            own = [result for result in results if (result["application"], result["worker_class"]) == (application, name)]
            unsure = sorted((result for result in own if "unknown" in result), key=lambda result: cell([result]))
            parts = [cell([result for result in own if "unknown" not in result]),
                     *(f"*of 503s {result['unknown'] * 100:.0f} %:* {cell([result])}" for result in unsure)]
            cells.append("<br>".join(part for part in parts if part))
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def builds_table(results):
    applications = [application for application in APPLICATIONS if any(result["application"] == application for result in results)]
    lines = ["| Python | " + " | ".join(APPLICATIONS[application] for application in applications) + " |", "|---" * (len(applications) + 1) + "|"]
    for python in sorted({result["python"] for result in results}, key=lambda version: [int(part) for part in version.rstrip("t").split(".")]):
        told = {(result["application"], result["unlogged"]) for result in results if result["python"] == python}
        cells = [" and ".join(name for name, unlogged in (("told", False), ("with `--python-unlogged`", True)) if (application, unlogged) in told)
                 for application in applications]
        lines.append(f"| {python} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def exceptions_page(results):
    debian = [result for result in results if not result["python"]]
    page = (EXCEPTIONS + exceptions_table([result for result in debian if not result["unlogged"]]) +
            UNLOGGED + exceptions_table([result for result in debian if result["unlogged"]]))
    builds = [result for result in results if result["python"]]
    if builds:
        return page + BUILDS + builds_table(builds)
    # A machine without them has nothing to say about them.
    there = (DOCS / "exceptions-matrix.md").read_text()
    return page + there[there.index(BUILDS):] if BUILDS in there else page


def without_shares(page):
    """They differ from run to run."""
    return re.sub(r"\d+ %", "N %", page)


def main(directory, *options):
    results = collected(directory)
    if not results:
        sys.exit(f"no results in {directory}: run the tests e2e.requests and roots.roots first")
    failed = [result for result in results if not result["passed"]]
    if failed:
        sys.exit(f"not passed: {failed}")
    pages = {"requests-matrix.md": requests_page([result for result in results if "row" in result]),
             "exceptions-matrix.md": exceptions_page([result for result in results if "errors" in result]),
             "lifecycle.md": lifecycle_page([result for result in results if "event" in result])}
    for name, text in pages.items():
        if "--check" not in options:
            (DOCS / name).write_text(text)
        elif not (DOCS / name).exists() or without_shares((DOCS / name).read_text()) != without_shares(text):
            sys.exit(f"docs/{name} is out of date: /usr/bin/python3 tests/e2e/results.py {directory}")


if __name__ == "__main__":
    main(*sys.argv[1:])
