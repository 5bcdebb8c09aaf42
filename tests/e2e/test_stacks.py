# SPDX-License-Identifier: BSD-2-Clause
"""Python stacks of slow requests, against the source of the application, Gunicorn and the library."""

import ast
import os
import pathlib
import re
import signal
import threading

import pytest
from harness import processes, server
from harness.tracer import Tracer
from harness.wire import Connection

SOURCE = pathlib.Path(__file__).parent / "stacks_app.py"
SECONDS = 1.5
FEWEST = 30  # samples of a request of SECONDS; an idle machine takes 150
SUITES = ["bullseye", "trixie", "sid"]
CLASSES = ["sync", "gthread"]


def lines_marked(what):
    return {number for number, line in enumerate(SOURCE.read_text().splitlines(), 1) if line.endswith(f"# {what}")}


def ranges_of(path):
    """Where each function of a file lies, by its name: with decorators, to its last line."""
    ranges = {}
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            ranges.setdefault(node.name, []).append(range(first, node.end_lineno + 1))
    ranges["<module>"] = [range(1, text.count("\n") + 2)]
    return ranges


class Sources:
    def __init__(self, root):
        self.root, self.known = pathlib.Path(root or "/"), {}

    def check(self, frame):
        """It is a function of that file, and the line is one of its lines."""
        path = self.root / frame["file"].lstrip("/")
        if path.name == SOURCE.name:
            path = SOURCE  # the copy in the root is gone with the server
        if path not in self.known:
            self.known[path] = ranges_of(path)
        name = frame["function"].rsplit(".", 1)[-1]
        if name.startswith("<") and name != "<module>":
            name = "<module>"  # a comprehension or lambda: in the file
        assert any(frame["line"] in lines for lines in self.known[path].get(name, [])), frame


def start(directory, worker_class, root=None):
    threads = 4 if worker_class == "gthread" else None
    return server.Gunicorn(directory, worker_class, threads=threads, root=root, application="stacks_app")


def ask(gunicorn, path):
    with Connection(gunicorn.address) as connection:
        assert connection.exchange("GET", path).status == 200


def traced(directory, gunicorn, *paths, options=("--slower-than", "300ms")):
    """The requests for `paths`, and what the folded file has."""
    folded = directory / f"folded-{id(gunicorn)}"
    with Tracer(directory, gunicorn.pid, "--stacks", "--folded", str(folded), *options) as trace:
        for path in paths:
            ask(gunicorn, path)
        requests = trace.requests(len(paths))
        trace.stop()
        assert "stacks: " in trace.said()
    return requests, folded.read_text()


def rejected(request):
    return sum(request["samples"]["rejected"].values())


def taken(request):
    return request["samples"]["running"] + request["samples"]["waiting"]


def ending_at(request, function, lines):
    """How many of the samples have their innermost place there."""
    return sum(stack["running"] + stack["waiting"] for stack in request["stacks"]
               if stack["frames"][-1]["function"] == function and pathlib.Path(stack["frames"][-1]["file"]).name == SOURCE.name
               and stack["frames"][-1]["line"] in lines)


def check_lines(directory, worker_class, root=None):
    with start(directory, worker_class, root) as gunicorn:
        (slept, burnt), folded = traced(directory, gunicorn, f"/sleep?{SECONDS}", f"/burn?{SECONDS}")
    sources = Sources(root)
    for request, function, what, state in ((slept, "sleep_here", "the sleeping line", "waiting"), (burnt, "burn_here", "burning", "running")):
        everything = taken(request) + rejected(request)
        assert taken(request) >= FEWEST, request["samples"]
        assert ending_at(request, function, lines_marked(what)) >= 0.95 * everything, request
        assert request["samples"][state] >= 0.9 * everything, request["samples"]
        assert request["stack_of"] == "request"
        for stack in request["stacks"]:
            for frame in stack["frames"]:
                sources.check(frame)
            if any(frame["function"] == function for frame in stack["frames"]):
                assert any(frame["function"].endswith("handle_request") for frame in stack["frames"])
    lines = folded.splitlines()
    assert all(re.fullmatch(r"[^;]+(;[^;]+)*;\[(running|waiting)\] \d+", line) for line in lines)
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == taken(slept) + taken(burnt)


@pytest.mark.clock
@pytest.mark.parametrize("worker_class", CLASSES)
def test_the_sleeping_and_the_burning_line(directory, worker_class):
    check_lines(directory, worker_class)


@pytest.mark.clock
@pytest.mark.parametrize("worker_class", CLASSES)
@pytest.mark.parametrize("suite", SUITES)
def test_the_sleeping_and_the_burning_line_in_roots(directory, root_of, suite, worker_class):
    check_lines(directory, worker_class, root_of(suite))


def test_requests_at_the_same_time_have_each_their_own(directory):
    with start(directory, "gthread") as gunicorn, Tracer(directory, gunicorn.pid, "--stacks", "--slower-than", "300ms") as trace:
        clients = [threading.Thread(target=ask, args=(gunicorn, path)) for path in ("/sleep?1.5", "/hostile?1.5", "/sleep?1.4")]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        for request in trace.requests(3):
            other = "pay;\x1b[31m\nnow" if request["path"] == "/sleep" else "sleep_here"
            assert taken(request) >= 10
            assert all(frame["function"] != other for stack in request["stacks"] for frame in stack["frames"])


def test_hostile_names_are_text(directory):
    with start(directory, "sync") as gunicorn:
        (request,), folded = traced(directory, gunicorn, "/hostile?1")
        with Tracer(directory, gunicorn.pid, "--stacks", "--slower-than", "300ms", as_json=False) as trace:
            ask(gunicorn, "/hostile?1")
            processes.wait_for(lambda: any("samples" in line for line in trace.lines()), "the stack below its request")
            shown = trace.output.read_text()
    innermost = request["stacks"][0]["frames"][-1]
    assert (innermost["function"], innermost["file"]) == ("pay;\x1b[31m\nnow", "/srv/shop;1\n\x1b.py")
    assert "pay\\x3b\\x1b[31m\\x0anow (/srv/shop\\x3b1\\x0a\\x1b.py:" in folded
    assert "pay\\x3b\\x1b[31m\\x0anow" in shown
    assert "\x1b" not in folded + shown


def test_a_worker_that_dies_meanwhile(directory):
    with start(directory, "sync") as gunicorn, Tracer(directory, gunicorn.pid, "--stacks", "--slower-than", "300ms") as trace:
        (worker,) = gunicorn.workers()
        with Connection(gunicorn.address) as connection:
            connection.send(b"GET /sleep?60 HTTP/1.1\r\nHost: x\r\n\r\n")
            threading.Event().wait(1)  # the time that is to be sampled
            os.kill(worker, signal.SIGKILL)
            (request,) = trace.requests(1)
        assert request["ended_by"] == "worker_exit"
        assert ending_at(request, "sleep_here", lines_marked("the sleeping line")) >= 10
        gunicorn.wait_until_it_answers()
        ask(gunicorn, "/sleep?1")
        assert taken(trace.requests(2)[1]) >= 10
        assert trace.stop() == 0


def test_of_an_event_loop_it_is_the_thread_s(directory):
    with start(directory, "gevent") as gunicorn:
        (request,), _ = traced(directory, gunicorn, "/sleep?1")
    assert request["stack_of"] == "thread"
    assert taken(request) >= 10


def test_without_it_nothing_is_said_of_stacks(directory):
    with start(directory, "sync") as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        ask(gunicorn, "/sleep?0.1")
        (request,) = trace.requests(1)
    assert not {"stacks", "samples", "stack_of"} & set(request)
