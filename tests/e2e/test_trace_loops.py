# SPDX-License-Identifier: BSD-2-Clause
"""Event loops under `trace`: a line for each request, as it was on the wire, and where time went is the thread's."""

import concurrent.futures
import time

import pytest
from harness import server
from harness.tracer import Tracer, check_sum
from harness.wire import Connection


@pytest.mark.parametrize("worker_class", ["gevent", "eventlet", "tornado", "uvicorn"])
def test_an_event_loop_s_time_is_shared(directory, worker_class):
    application = None if worker_class == "uvicorn" else "trace_app"
    with server.Gunicorn(directory, worker_class, application=application) as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        with Connection(gunicorn.address) as connection:
            assert connection.exchange("GET", "/hello").status == 200
        (request,) = trace.requests(1)
    check_sum(request)
    assert request["shared"], request


SLOW = {"/sleep?s=0.6": 0.6, "/sleep?s=0.4": 0.4}
FAST = {"/missing/1": 404, "/unavailable": 503, "/raise": 500, "/hello": 200}


def exchange(gunicorn, path):
    with Connection(gunicorn.address) as connection:
        return connection.exchange("GET", path)


def interleave(gunicorn):
    """The responses to the requests of SLOW, which are in flight while those of FAST are answered, and to these."""
    with concurrent.futures.ThreadPoolExecutor() as clients:
        slow = [clients.submit(exchange, gunicorn, path) for path in SLOW]
        time.sleep(0.1)
        fast = [exchange(gunicorn, path) for path in FAST]
        assert not any(each.done() for each in slow), "they are still in flight"
        return [each.result() for each in slow] + fast


def check_against_the_wire(request, response):
    check_sum(request)
    assert (request["method"], request["path"], request["status"]) == ("GET", response.path.partition("?")[0], response.status)
    assert not request["incomplete"] and request["ended_by"] is None
    # An event loop counts in milliseconds, and from the last time it looked at the clock.
    assert SLOW.get(response.path, 0) - 0.005 <= request["duration_seconds"] <= response.seconds + 0.001, (request, response)
    # What the client takes besides: it connects, and is woken up.
    queued = request["accept_queue_seconds"] + request["thread_queue_seconds"]
    assert request["duration_seconds"] + queued >= response.seconds - 0.08, (request, response)
    assert request["shared"], request


def check_loop(directory, worker_class, root=None):
    with server.Gunicorn(directory, worker_class, root=root) as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        responses = interleave(gunicorn)
        trace.requests(len(responses))
        assert trace.stop() == 0
        requests = trace.requests(len(responses))
    assert {response.path: response.status for response in responses} == FAST | dict.fromkeys(SLOW, 200)
    assert len(requests) == len(responses), "one line for each"
    # The two slow ones have the same path without their query: they are told apart by how long they took.
    requests.sort(key=lambda request: (request["path"], request["duration_seconds"]))
    responses.sort(key=lambda response: (response.path.partition("?")[0], response.seconds))
    for request, response in zip(requests, responses):
        check_against_the_wire(request, response)
    exceptions = {request["path"]: request["exception"] for request in requests}
    # uvloop writes at the end of an iteration: nothing ties what the server logs to one of several requests.
    known = [None, "ValueError"] if worker_class == "uvicorn" else ["ValueError"]
    assert exceptions.pop("/raise") in known and set(exceptions.values()) == {None}, exceptions


@pytest.mark.clock
def test_requests_that_interleave_on_an_event_loop(directory):
    check_loop(directory, "uvicorn")


@pytest.mark.clock
@pytest.mark.parametrize("worker_class", ["asgi", "uvicorn"])
def test_requests_that_interleave_on_an_event_loop_in_roots(directory, root_of, worker_class):
    check_loop(directory, worker_class, root_of("sid"))


@pytest.mark.clock
def test_a_loop_that_nobody_knows_is_shared_where_requests_interleave(directory):
    """The worker class is the application's own: what is shared is what the kernel saw of its thread."""
    with server.Gunicorn(directory, "uvicorn", options=["-k", "own_loop.Worker"]) as gunicorn, Tracer(directory, gunicorn.pid) as trace:
        with Connection(gunicorn.address) as alone:
            assert alone.exchange("GET", "/hello").status == 200
        (first,) = trace.requests(1)
        with Connection(gunicorn.address) as slow, Connection(gunicorn.address) as fast:
            slow.ask("GET", "/sleep?s=0.3")
            time.sleep(0.1)
            assert fast.exchange("GET", "/unavailable").status == 503
            assert slow.receive().status == 200
            trace.requests(3)
            assert slow.exchange("GET", "/missing").status == 404
        requests = trace.requests(4)
    assert [(request["path"], request["shared"]) for request in requests] == [
        ("/hello", False), ("/unavailable", True), ("/sleep", True), ("/missing", False)]
    assert first["worker"] == requests[-1]["worker"]
    for request in requests:
        check_sum(request)
