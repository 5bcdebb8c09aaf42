# SPDX-License-Identifier: BSD-2-Clause
"""What reading exceptions costs, layer by layer, and what the probes in an interpreter cost; writes docs/cost-of-exceptions.md."""

import os
import pathlib
import platform
import statistics
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]

import document  # noqa: E402
import kernel  # noqa: E402
from harness import exporter, processes, server  # noqa: E402
from harness.wire import Connection  # noqa: E402

WITHOUT = ("--no-collector.exceptions",)
TITLE = """# What exceptions and the interpreter's probes cost

Written by `scripts/bench.sh --exceptions`; not by hand. {when}, Linux {kernel}, Python {python}, {requests} requests a case.

## In the kernel

By the kernel's run-time statistics, whose own clock reads are in it: about 80 ns a run. What handled and logged exceptions cost runs
behind the hook at the exit of system calls, in its time: the difference to the same with `--no-collector.exceptions`, medians of {rounds}
rounds that take turns.

| what | case | without | with | difference, ns a request |
|---|---|---|---|---|
"""
PROBES = """
A run of a uprobe or USDT probe also costs the worker the way into the kernel, about 1 µs, which these statistics do not see; the
tables below do.

| what | program | case | runs a request | ns a run |
|---|---|---|---|---|
"""
WORKERS = """
## On the worker

CPU time of a worker for a request, µs; medians of {rounds} rounds that take turns, with the lowest and highest.

| case | without | with `--python-unlogged` | difference |
|---|---|---|---|
"""
BOOT = """
## Boot

CPU time from the start of a Gunicorn with a Django application until it answers, ms, master and worker together, with
`--python-imports` and without; medians of {rounds} rounds, with the lowest and highest. {imports} imports in the worker.

| without | with | difference |
|---|---|---|
"""
APPLICATIONS = {None: "plain WSGI", "flask_app": "Flask", "django_app": "Django"}
# What is read, the program that does it, the application and path that bring it about, and what has to be turned on.
CASES = [
    *(("an exception that leaves a frame, with `--python-unlogged`", "see_raise", application, path, ("--python-unlogged",))
      for application in APPLICATIONS for path in ("/hello", "/raise")),
    ("begin of a collection", "collection_begins", None, "/collect?times=10", ()),
    ("end of a collection", "collection_ends", None, "/collect?times=10", ()),
]
HOOK_CASES = [
    ("nothing: an OK response", None, "/hello"),
    ("an answer ≥ 400: who answers, and what is being handled", None, "/unavailable"),
    ("the same, and a log record with an exception", None, "/raise"),
    ("a log record with an exception, an OK response", "flask_app", "/swallow"),
    ("an answer ≥ 400 and a log record, of a framework", "flask_app", "/raise"),
    ("the same, deeper in one", "django_app", "/raise"),
]
CPU_CASES = [(application, path) for application in APPLICATIONS for path in ("/hello", "/raise")]


def serve(directory, application):
    return server.Gunicorn(directory, "sync", application=application)


def ask(running, path, times):
    for _ in range(times):
        with Connection(running.address) as connection:
            connection.exchange("GET", path)


def program(observer, name):
    # The kernel itself keeps the first fifteen characters of a name.
    return next(found for shown, found in kernel.programs(observer.process.pid).items() if shown in (name, name[:15]))


def spread(values, digits=1):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def kernel_row(directory, requests, what, name, application, path, options):
    with serve(directory, application) as running, exporter.Exporter(directory, *options, pid=running.pid) as observer:
        ask(running, path, 10)
        before = program(observer, name)
        ask(running, path, requests)
        after = program(observer, name)
    runs = after.runs - before.runs
    cost = f"{(after.nanoseconds - before.nanoseconds) / runs:.0f}" if runs else "–"
    return f"| {what} | `{name}` | {APPLICATIONS[application]} `{path}` | {runs / requests:.1f} | {cost} |"


def hook_nanoseconds(directory, running, options, path, requests):
    with exporter.Exporter(directory, *options, pid=running.pid) as observer:
        ask(running, path, 10)
        before = program(observer, "sys_exit").nanoseconds
        ask(running, path, requests)
        return (program(observer, "sys_exit").nanoseconds - before) / requests


def hook_row(directory, given, what, application, path):
    found = {WITHOUT: [], (): []}
    with serve(directory, application) as running:
        for _ in range(given.rounds):
            for options, values in found.items():
                values.append(hook_nanoseconds(directory, running, options, path, given.requests))
    without, with_it = found.values()
    difference = statistics.median(with_it) - statistics.median(without)
    return f"| {what} | {APPLICATIONS[application]} `{path}` | {spread(without, 0)} | {spread(with_it, 0)} | {difference:+.0f} |"


def cpu_seconds(*pids):
    """CPU time in nanoseconds' resolution: /proc/<pid>/schedstat."""
    return sum(int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e9


def cpu_of_requests(directory, running, options, path, requests):
    (worker,) = running.workers()
    with exporter.Exporter(directory, *options, pid=running.pid):
        ask(running, path, 10)
        before = cpu_seconds(worker)
        ask(running, path, requests)
        return (cpu_seconds(worker) - before) / requests * 1e6


def cpu_row(directory, given, application, path):
    found = {(): [], ("--python-unlogged",): []}
    with serve(directory, application) as running:
        for _ in range(given.rounds):
            for options, values in found.items():
                values.append(cpu_of_requests(directory, running, options, path, given.requests))
    without, with_it = found.values()
    difference = statistics.median(with_it) - statistics.median(without)
    return f"| {APPLICATIONS[application]} `{path}` | {spread(without)} | {spread(with_it)} | {difference:+.1f} |"


def boot_row(directory, rounds):
    found, imports = {(): [], ("--python-imports",): []}, 0
    for _ in range(rounds):
        for options, values in found.items():
            with exporter.Exporter(directory, *options) as observer, serve(directory, None):  # the first one: attached to its Python
                processes.wait_for(lambda: observer.scrape().total("gunicorn_bpf_exporter_targets") >= 1, 10, "it is observed")
                with serve(directory, "django_app") as running:
                    values.append(cpu_seconds(running.pid, *running.workers()) * 1e3)
                    told = observer.scrape().by("gunicorn_worker_imports_total", "master_pid")
                    imports = int(told.get(str(running.pid), imports))
    without, with_it = found.values()
    difference = statistics.median(with_it) - statistics.median(without)
    return imports, f"| {spread(without)} | {spread(with_it)} | {difference:+.1f} |"


def page(directory, given):
    lines = [document.opening(TITLE, given, python=platform.python_version()).rstrip("\n")]
    lines += [hook_row(directory, given, *case) for case in HOOK_CASES]
    lines += [PROBES.rstrip("\n")]
    lines += [kernel_row(directory, given.requests, *case) for case in CASES]
    document.count_run_time(False)  # they cost time themselves
    lines += [WORKERS.format(rounds=given.rounds).rstrip("\n")]
    lines += [cpu_row(directory, given, *case) for case in CPU_CASES]
    imports, row = boot_row(directory, given.rounds)
    return "\n".join([*lines, BOOT.format(rounds=given.rounds, imports=imports).rstrip("\n"), row]) + "\n"


def main():
    given = document.arguments("exceptions", "Measures what reading exceptions costs.", rounds=5, requests=500)
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    with document.a_run(given.output) as directory:
        document.count_run_time(True)
        given.output.write_text(page(directory, given))


if __name__ == "__main__":
    main()
