# SPDX-License-Identifier: BSD-2-Clause
"""Where requests spent their time, against the application's own clocks around each of its steps.

A step's wall-clock time has in it what the thread waited for a processor after it was woken up; that is a part of its own,
and on a busy machine not a small one. So a part is right when it is as long as the step, less at most all of that."""

import json
import os
import signal
import socket
import threading
import time

import pytest
from harness import processes, server, tracer
from harness.tracer import PARTS, SlowPeer, Tracer, check_sum
from harness.wire import Connection

FIELDS = {"time", "worker", "pid", "master_pid", "method", "path", "endpoint", "status", "exception", "incomplete", "ended_by",
          "duration_seconds", "accept_queue_seconds", "thread_queue_seconds", "sockets", "shared", *PARTS}


def tolerance(seconds):
    return max(0.005, seconds * 0.05)


def check_waited(part, step, request):
    """`step`: name, wall clock and CPU of the application's."""
    waited = step[1] - step[2]
    assert request[part] <= waited + tolerance(waited), (step, request)
    assert request[part] >= waited - request["run_queue_seconds"] - tolerance(waited), (step, request)


@pytest.fixture(scope="module", params=["sync", "gthread"])
def gunicorn(request, directory):
    with server.Gunicorn(directory, request.param, threads=4 if request.param == "gthread" else None, application="trace_app") as running:
        yield running


@pytest.fixture
def trace(gunicorn, directory):
    with Tracer(directory, gunicorn.pid) as running:
        yield running


@pytest.fixture(scope="module")
def peers(directory):
    with SlowPeer(socket.AF_INET, ("127.0.0.1", 0)) as four, SlowPeer(socket.AF_INET6, ("::1", 0)) as six, \
            SlowPeer(socket.AF_UNIX, str(directory / "peer")) as unix:
        yield {"four": four, "six": six, "unix": unix}


def ask(gunicorn, path, method="GET", **details):
    """The steps of the request, by name; and the response."""
    with Connection(gunicorn.address) as connection:
        response = connection.exchange(method, path, **details)
    return {step[0]: step for step in json.loads(response.headers["x-steps"])}, response


@pytest.mark.clock
def test_a_request_of_every_kind_of_wait(gunicorn, trace, peers):
    host, port = peers["four"].address
    steps, response = ask(gunicorn, f"/steps?do=sleep:0.1,burn:0.1,connect:0.1:{host}:{port},lock:0.05")
    (request,) = trace.requests(1)
    check_sum(request)
    check_waited("sleeping_seconds", steps["sleep"], request)
    check_waited("sockets_seconds", steps["connect"], request)
    check_waited("lock_seconds", steps["lock"], request)
    assert request["sleeping_seconds"] == pytest.approx(0.1, abs=0.005)
    assert request["lock_seconds"] >= 0.045
    assert request["on_cpu_seconds"] == pytest.approx(steps["all"][2], abs=tolerance(steps["all"][2])), steps
    assert request["sockets"][0]["peer"] == f"127.0.0.1:{port}"
    assert not request["shared"]
    assert request["duration_seconds"] <= response.seconds + 0.001
    assert request["duration_seconds"] >= steps["all"][1]


@pytest.mark.clock
def test_the_garbage_collector_is_a_part_of_its_own(gunicorn, trace):
    steps, _ = ask(gunicorn, "/steps?do=litter:400000,collect,sleep:0.05")
    (request,) = trace.requests(1)
    check_sum(request)
    assert steps["collect"][2] > 0.03, steps
    assert request["gc_seconds"] == pytest.approx(steps["collect"][2], abs=tolerance(steps["collect"][2])), (steps, request)
    cpu = steps["all"][2]
    assert request["on_cpu_seconds"] + request["gc_seconds"] == pytest.approx(cpu, abs=tolerance(cpu)), (steps, request)


def test_its_fields(gunicorn, trace):
    begun = time.time()
    ask(gunicorn, "/users/7?x=1&status=404%20Not%20Found")
    with Connection(gunicorn.address) as connection:
        connection.exchange("GET", "/raise")
    found, raised = trace.requests(2)
    assert set(found) == set(raised) == FIELDS
    assert (found["method"], found["path"], found["endpoint"], found["status"]) == ("GET", "/users/7", "/users/{id}", 404)
    assert found["exception"] is None and not found["incomplete"] and found["ended_by"] is None
    assert found["pid"] in gunicorn.workers() and found["master_pid"] == gunicorn.pid
    assert found["worker"].startswith("worker_1_")
    assert found["accept_queue_seconds"] >= 0 and found["thread_queue_seconds"] >= 0
    stamp = time.mktime(time.strptime(found["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(found["time"][19:-1])
    assert begun - 0.1 <= stamp <= time.time() + 0.1
    assert (raised["status"], raised["exception"]) == (500, "LookupError")


@pytest.mark.clock
def test_peers_are_named(gunicorn, trace, peers):
    (host, port), (_, six_port, *_), path = (peers[name].address for name in ("four", "six", "unix"))
    named = {f"127.0.0.1:{port}": 0.06, f"[::1]:{six_port}": 0.04, path: 0.02}
    steps = f"connect:0.06:{host}:{port},six:0.04:{six_port},unix:0.02:{path}"
    ask(gunicorn, f"/steps?do={steps}")
    (request,) = trace.requests(1)
    check_sum(request)
    waited = {peer["peer"]: peer["seconds"] for peer in request["sockets"]}
    assert set(waited) == set(named)
    assert list(waited) == sorted(waited, key=waited.get, reverse=True)
    for name, seconds in named.items():
        assert seconds - 0.005 <= waited[name] <= seconds + 0.005 + 0.05, waited


@pytest.mark.clock
@pytest.mark.parametrize("how", ["timed", "selected"])
def test_a_wait_by_poll_and_select_is_the_socket_s(gunicorn, trace, peers, how):
    host, port = peers["four"].address
    steps, _ = ask(gunicorn, f"/steps?do={how}:0.1:{host}:{port},select:0.05")
    (request,) = trace.requests(1)
    check_sum(request)
    check_waited("sockets_seconds", steps[how], request)
    check_waited("sleeping_seconds", steps["select"], request)
    assert request["sockets"][0]["peer"] == f"127.0.0.1:{port}"


@pytest.mark.clock
def test_a_child_s_output_is_something_else(gunicorn, trace):
    steps, _ = ask(gunicorn, "/steps?do=pipe:0.1")
    (request,) = trace.requests(1)
    check_sum(request)
    check_waited("other_seconds", steps["pipe"], request)


@pytest.mark.clock
def test_a_slow_upload_is_reading(gunicorn, trace):
    with Connection(gunicorn.address) as connection:
        head = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n"
        connection.sent("POST", "/upload")
        begun = connection.send(head[:20], head[20:] + b"x" * 1000, b"x" * 1000, pause=0.1)
        took = time.monotonic() - begun
        assert connection.receive().status == 200
    (request,) = trace.requests(1)
    check_sum(request)
    # The client pauses twice, as long as it says; the second pause may begin before the worker reads.
    assert took >= 0.2
    assert request["reading_seconds"] == pytest.approx(took, abs=0.01 + request["run_queue_seconds"]), request


@pytest.mark.clock
def test_a_slow_reader_is_writing(gunicorn, trace):
    with Connection(gunicorn.address, receive_buffer=4096) as connection:
        connection.ask("GET", f"/steps?bytes={8 << 20}")
        time.sleep(0.3)
        response = connection.receive()
    (request,) = trace.requests(1)
    check_sum(request)
    assert request["writing_seconds"] >= 0.25, request
    blocked = request["duration_seconds"] - request["on_cpu_seconds"] - request["run_queue_seconds"]
    assert request["writing_seconds"] == pytest.approx(blocked, abs=0.01), request
    assert response.length == 8 << 20


@pytest.mark.clock
def test_a_file_that_is_synced_is_disk(gunicorn, trace):
    steps, _ = ask(gunicorn, f"/steps?do=fsync:8:{gunicorn.home / 'file'}")
    (request,) = trace.requests(1)
    check_sum(request)
    name, wall, cpu = steps["fsync"]
    # How much of it blocks is the file system's affair; what does is the disk's.
    blocked = max(0.0, wall - cpu - request["run_queue_seconds"])
    assert request["disk_seconds"] <= blocked + tolerance(wall), (wall, cpu, request)
    # The thread's own clock stands still while a hypervisor has the processor, the wall's does not: how much was blocked is
    # known from below by what is in no other part.
    assert request["on_cpu_seconds"] >= cpu - tolerance(wall), (wall, cpu, request)
    elsewhere = sum(request[part] for part in PARTS if part not in ("on_cpu_seconds", "run_queue_seconds", "disk_seconds"))
    assert elsewhere <= tolerance(wall), (wall, cpu, request)


@pytest.mark.clock
def test_a_hog_on_the_same_core_is_the_run_queue(gunicorn, trace, directory):
    (worker,) = gunicorn.workers()
    threads = [int(name) for name in os.listdir(f"/proc/{worker}/task")]
    before = os.sched_getaffinity(worker)
    core = min(before)
    hog = processes.start(["/usr/bin/python3", "-c", f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"], priority=-15)
    try:
        for thread in threads:
            os.sched_setaffinity(thread, {core})
        steps, _ = ask(gunicorn, "/steps?do=burn:0.2")
    finally:
        processes.end(hog, signal.SIGKILL)
        for thread in threads:
            os.sched_setaffinity(thread, before)
    (request,) = trace.requests(1)
    check_sum(request)
    waited = steps["burn"][1] - steps["burn"][2]
    assert request["run_queue_seconds"] == pytest.approx(waited, abs=tolerance(waited)), (steps, request)
    assert request["run_queue_seconds"] >= 0.05


@pytest.mark.clock
def test_waiting_for_the_worker_comes_before(gunicorn, trace):
    """On sync the second connection waits in the listener's queue; on gthread both are served at once."""
    def first():
        ask(gunicorn, "/steps?do=sleep:0.3")

    thread = threading.Thread(target=first)
    thread.start()
    time.sleep(0.1)
    ask(gunicorn, "/second")
    thread.join()
    by_path = {request["path"]: request for request in trace.requests(2)}
    second = by_path["/second"]
    check_sum(second)
    if gunicorn.worker_class == "sync":
        assert second["accept_queue_seconds"] == pytest.approx(0.2, abs=0.08), second
    else:
        assert second["accept_queue_seconds"] < 0.1, second
    assert second["duration_seconds"] < 0.1, second


@pytest.mark.clock
def test_a_pool_s_queue_comes_before(directory):
    with server.Gunicorn(directory, "gthread", threads=1, application="trace_app") as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        thread = threading.Thread(target=ask, args=(gunicorn, "/steps?do=sleep:0.3"))
        thread.start()
        time.sleep(0.1)
        ask(gunicorn, "/second")
        thread.join()
        second = {request["path"]: request for request in trace.requests(2)}["/second"]
    check_sum(second)
    assert second["thread_queue_seconds"] + second["accept_queue_seconds"] == pytest.approx(0.2, abs=0.08), second
    assert second["duration_seconds"] < 0.1


@pytest.mark.clock
def test_requests_of_one_connection_are_told_apart(directory):
    with server.Gunicorn(directory, "gthread", threads=2, application="trace_app") as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        with Connection(gunicorn.address) as connection:
            for seconds in (0.1, 0.0, 0.05):
                assert connection.exchange("GET", f"/steps?do=sleep:{seconds}").status == 200
                time.sleep(0.1)
        requests = trace.requests(3)
    for request, seconds in zip(requests, (0.1, 0.0, 0.05)):
        check_sum(request)
        assert request["sleeping_seconds"] == pytest.approx(seconds, abs=0.005), request
        assert request["reading_seconds"] < 0.005, request
    assert [request["accept_queue_seconds"] is None for request in requests] == [False, True, True]


@pytest.mark.clock
def test_filters_and_count(gunicorn, directory):
    (worker,) = gunicorn.workers()
    with Tracer(directory, gunicorn.pid, "--status", "404,5xx", "--endpoint", "/a/*", "--slower-than", "20ms", "--worker", str(worker),
                "--count", "2") as trace:
        for path in ("/a/1?do=sleep:0.05&status=404%20x", "/a/2?do=sleep:0.05", "/a/3?status=500%20x", "/b?do=sleep:0.05&status=500%20x",
                     "/a/b/4?do=sleep:0.05&status=503%20x", "/a/5?do=sleep:0.05&status=500%20x"):
            ask(gunicorn, path)
        assert trace.wait() == 0
        assert [request["path"] for request in trace.requests(2)] == ["/a/1", "/a/b/4"]
        assert "2 matched" in trace.said()


def test_another_worker_s_requests_are_not_shown(gunicorn, directory):
    with Tracer(directory, gunicorn.pid, "--worker", "worker_99_1", "--duration", "1s") as trace:
        ask(gunicorn, "/hello")
        assert trace.wait() == 0
        assert trace.lines() == []
        assert "1 request seen, 0 matched" in trace.said()


@pytest.mark.clock
def test_an_interrupt_says_what_was_learned(gunicorn, directory):
    with Tracer(directory, gunicorn.pid, as_json=False) as trace:
        for _ in range(3):
            ask(gunicorn, "/items/7?do=sleep:0.02")
        processes.wait_for(lambda: len(trace.lines()) >= 4, "three lines below the header")
        assert trace.stop(signal.SIGINT) == 0
        text = trace.output.read_text()
    assert text.count(" /items/7 ") == 3
    assert "3 requests seen, 3 matched" in text
    endpoint = next(line for line in text.splitlines() if "GET /items/{id}" in line and "seen" not in line)
    assert endpoint.split()[2] == "3" and "sleep 2" in endpoint
    assert "\x1b" not in text


def test_head_ends_it_quietly(gunicorn, directory):
    command = f'set -o pipefail; "$0" trace --pid {gunicorn.pid} | head -n 2'
    errors = directory / "head.err"
    with open(errors, "wb") as file, open(directory / "head.out", "wb") as output:
        pipeline = processes.start(["/bin/bash", "-c", command, tracer.binary()], stdout=output, stderr=file)
    processes.wait_for(lambda: "tracing" in errors.read_text(), "it traces")
    ask(gunicorn, "/hello")
    assert pipeline.wait(20) == 0
    assert len((directory / "head.out").read_text().splitlines()) == 2
    assert errors.read_text().count("\n") == 1, errors.read_text()


def test_hostile_bytes_stay_bytes(gunicorn, directory):
    with Tracer(directory, gunicorn.pid, as_json=False) as trace:
        with Connection(gunicorn.address) as connection:
            connection.sent("GET", "/x")
            connection.send(b"GET /\x1b[31m\xff\x07\xe2\x80\xae HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            connection.receive()
        processes.wait_for(lambda: len(trace.lines()) >= 2, "a line below the header")
        assert "/%1B[31m%FF%07\\xe2\\x80\\xae" in trace.lines()[1]
        trace.stop()
        written = trace.output.read_bytes()
        assert written.count(b"\\xe2\\x80\\xae") == 3, "its line, the slowest, and its endpoint"
        assert not any(sign in written for sign in (b"\x1b", b"\xff", b"\xe2\x80\xae"))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_target_that_dies_ends_it(directory, how):
    with server.Gunicorn(directory, "sync", application="trace_app") as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        ask(gunicorn, "/hello")
        gunicorn.signal(how)
        assert trace.wait() == 0
        assert "the observed Gunicorn has ended" in trace.said()
        assert "1 request seen" in trace.said()


@pytest.mark.clock
def test_a_worker_that_dies_leaves_its_request(gunicorn, trace):
    with Connection(gunicorn.address) as connection:
        connection.ask("GET", "/die?after=0.1")
        assert connection.receive() is None
    (request,) = trace.requests(1)
    assert (request["path"], request["status"], request["ended_by"], request["incomplete"]) == ("/die", None, "worker_exit", True)
    check_sum(request)
    assert request["sleeping_seconds"] == pytest.approx(0.1, abs=0.005)
    processes.wait_for(lambda: gunicorn.workers() and gunicorn.workers() != [request["pid"]], "another worker")
    gunicorn.wait_until_it_answers()
