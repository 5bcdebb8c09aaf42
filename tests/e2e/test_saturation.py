# SPDX-License-Identifier: BSD-2-Clause
"""What operators ask for: who waits where and for how long, what workers are doing, sizes, routes."""

import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import time

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.server import Gunicorn
from harness.wire import Connection, request_bytes

WAIT_ERROR = 0.005  # seconds, of one wait


@contextlib.contextmanager
def observed(directory, *arguments, options=(), **details):
    with Gunicorn(directory, *arguments, **details) as server, Exporter(directory, *options, pid=server.pid) as exporter:
        yield server, exporter


def waits(scrape, place):
    """Number and sum of the waits in one place."""
    return tuple(scrape.total(f"gunicorn_request_queue_seconds_{what}", place=place) for what in ("count", "sum"))


def settle(exporter, name, value, **labels):
    processes.wait_for(lambda: exporter.scrape().total(name, **labels) == value, lambda: f"{name} is {value}: {exporter.scrape().select(name)}")
    return exporter.scrape()


@pytest.mark.clock
@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_a_queue_before_one_busy_worker(directory, transport):
    with observed(directory, "sync", transport=transport, options=["--collector.backlog"]) as (server, exporter):
        server_limit = exporter.scrape().total("gunicorn_listener_backlog_limit")
        assert server_limit == min(2048, int(open("/proc/sys/net/core/somaxconn").read()))
    with Gunicorn(directory, "sync", transport=transport, options=["--backlog", "100"]) as server, \
            Exporter(directory, pid=server.pid) as exporter:
        clients, connected = [], []
        for _ in range(6):
            connected.append(time.monotonic())
            clients.append(Connection(server.address))
            clients[-1].ask("GET", "/sleep?s=0.5")
            time.sleep(0.02)
        scrape = exporter.scrape()
        assert scrape.by("gunicorn_listener_backlog", "listener") == {server.bind: 5}
        assert scrape.by("gunicorn_listener_backlog_limit", "listener") == {server.bind: 100}
        assert scrape.by("gunicorn_workers", "state") == {"busy": 1, "idle": 0}
        assert scrape.total("gunicorn_worker_requests_in_flight") == 1
        assert scrape.total("gunicorn_worker_open_connections") == 1
        ended = [client.receive().ended for client in clients]
        # A sync worker accepts the next connection when it has answered the one before.
        truth = [0.0] + [end - begin for end, begin in zip(ended, connected[1:])]
        scrape = settle(exporter, "gunicorn_worker_requests_in_flight", 0)
        count, total = waits(scrape, "accept_queue")
        assert count == 6
        assert total == pytest.approx(sum(truth), abs=6 * WAIT_ERROR)
        for bound in (0.25, 0.75):  # far from any of them
            assert scrape.total("gunicorn_request_queue_seconds_bucket", place="accept_queue", le=str(bound)) == sum(wait <= bound for wait in truth)
        assert waits(scrape, "first_read")[1] == pytest.approx(0, abs=6 * WAIT_ERROR)
        assert scrape.total("gunicorn_listener_backlog") == 0


def test_a_full_queue_is_told_from_a_long_one(directory):
    with observed(directory, "sync", options=[]) as (server, exporter):
        assert exporter.scrape().total("gunicorn_listener_dropped_total") == 0
    with Gunicorn(directory, "sync", options=["--backlog", "1"]) as server, Exporter(directory, pid=server.pid) as exporter:
        clients = []
        for _ in range(6):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.address)
            clients.append(client)
        with contextlib.suppress(OSError):
            clients[0].send(request_bytes("GET", "/sleep?s=2.5", (), b"", "1.1"))
        # The kernel drops what does not fit, and the clients' kernel tries again after a second.
        processes.wait_for(lambda: exporter.scrape().total("gunicorn_listener_dropped_total") > 0, "connections are dropped")
        for client in clients:
            client.close()


@pytest.mark.clock
def test_the_pool_of_gthread_is_a_queue_too(directory):
    """One thread: the second connection is accepted at once and waits for the pool."""
    with observed(directory, "gthread", threads=1) as (server, exporter):
        first, second = Connection(server.address), Connection(server.address)
        first.ask("GET", "/sleep?s=0.6")
        time.sleep(0.1)
        asked = time.monotonic()
        second.ask("GET", "/hello")
        scrape = exporter.scrape()
        ended = first.receive().ended
        second.receive()
        scrape = exporter.scrape()
        count, total = waits(scrape, "first_read")
        assert count == 2
        accepted = waits(scrape, "accept_queue")
        assert accepted[0] == 2
        # Accepted when it came, or when its bytes did.
        assert accepted[1] + total == pytest.approx(ended - asked, abs=4 * WAIT_ERROR)


@pytest.mark.clock
def test_requests_on_kept_connections_wait_for_the_pool_too(directory):
    """One thread and four clients: what a client waits for is in the durations, or in the queues."""
    clients, rounds, each = 4, 5, 0.2

    def drive(server):
        with Connection(server.address) as connection:
            waited = 0.0
            for _ in range(rounds):
                begun = time.monotonic()
                assert connection.exchange("GET", f"/sleep?s={each}").status == 200
                waited += time.monotonic() - begun
            return waited

    with observed(directory, "gthread", threads=1) as (server, exporter):
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            waited = sum(job.result() for job in [pool.submit(drive, server) for _ in range(clients)])
        scrape = settle(exporter, "gunicorn_worker_requests_total", clients * rounds)
        durations = scrape.total("gunicorn_worker_request_duration_seconds_sum")
        queues = scrape.total("gunicorn_request_queue_seconds_sum", place="first_read") + waits(scrape, "next_read")[1]
        assert waits(scrape, "first_read")[0] == clients
        assert waits(scrape, "next_read")[0] == clients * (rounds - 1)
        assert queues > (clients - 2) * clients * rounds * each * 0.5
        assert durations + queues == pytest.approx(waited, abs=clients * rounds * WAIT_ERROR)


@pytest.mark.clock
@pytest.mark.parametrize("worker_class", ["gthread", "gevent", "uvicorn"])
def test_a_client_that_is_slow_to_send_does_not_wait(directory, worker_class):
    with observed(directory, worker_class, threads=2 if worker_class == "gthread" else None) as (server, exporter):
        client = Connection(server.address)
        time.sleep(0.5)
        client.ask("GET", "/hello")
        assert client.receive().status == 200
        processes.wait_for(lambda: waits(exporter.scrape(), "first_read")[0] == 1, "it was read")
        assert waits(exporter.scrape(), "first_read")[1] < 2 * WAIT_ERROR


@pytest.mark.clock
def test_utilisation_of_a_worker_that_sleeps_half_the_time(directory):
    with observed(directory, "sync") as (server, exporter):
        before = exporter.scrape().total("gunicorn_worker_busy_seconds_total")
        begun, slept = time.monotonic(), 0.0
        for _ in range(8):
            start = time.monotonic()
            with Connection(server.address) as client:
                slept += client.exchange("GET", "/sleep?s=0.25").seconds
            time.sleep(max(0.0, start + 0.5 - time.monotonic()))
        passed = time.monotonic() - begun
        busy = exporter.scrape().total("gunicorn_worker_busy_seconds_total") - before
        assert slept / passed == pytest.approx(0.5, abs=0.1), "this machine is too busy to tell"
        assert busy / passed == pytest.approx(slept / passed, abs=0.02)


@pytest.mark.clock
def test_busy_time_of_overlapping_requests_is_counted_once(directory):
    with observed(directory, "gthread", threads=4) as (server, exporter):
        clients = [Connection(server.address) for _ in range(3)]
        begun = time.monotonic()
        for client in clients:
            client.ask("GET", "/sleep?s=0.5")
            time.sleep(0.2)
        during = exporter.scrape()
        assert during.total("gunicorn_worker_requests_in_flight") >= 1
        running = during.total("gunicorn_worker_busy_seconds_total")
        assert running > 0.5  # the stretch that lasts is in it
        ended = max(client.receive().ended for client in clients)
        scrape = settle(exporter, "gunicorn_worker_requests_in_flight", 0)
        busy = scrape.total("gunicorn_worker_busy_seconds_total")
        assert busy == pytest.approx(ended - begun, abs=0.02)
        assert exporter.scrape().total("gunicorn_worker_busy_seconds_total") == busy
        # Idle connections are open, and no request is in flight on them.
        assert scrape.total("gunicorn_worker_open_connections") == 3


@pytest.mark.clock
def test_a_stuck_thread_is_seen(directory):
    with observed(directory, "gthread", threads=2, options=[]) as (_, exporter):
        assert exporter.scrape().total("gunicorn_worker_threads") >= 1
    with Gunicorn(directory, "gthread", threads=2, options=["--timeout", "1"]) as server, \
            Exporter(directory, pid=server.pid) as exporter:
        client = Connection(server.address)
        asked = time.monotonic()
        client.ask("GET", "/sleep?s=4")
        time.sleep(3)
        scrape = exporter.scrape()
        passed = time.monotonic() - asked
        assert scrape.total("gunicorn_worker_requests_in_flight") == 1
        assert scrape.by("gunicorn_workers", "state") == {"busy": 1, "idle": 0}
        assert scrape.total("gunicorn_worker_threads") >= 2
        assert scrape.total("gunicorn_worker_busy_seconds_total") == pytest.approx(passed, abs=0.1)
        assert scrape.total("gunicorn_master_worker_restarts_total") == 0
        assert client.receive().status == 200


@pytest.mark.clock
def test_a_worker_that_dies_leaves_its_busy_time(directory):
    with observed(directory, "sync") as (server, exporter):
        (worker,) = server.workers()
        client = Connection(server.address)
        asked = time.monotonic()
        client.ask("GET", "/sleep?s=5")
        time.sleep(0.5)
        os.kill(worker, signal.SIGKILL)
        lived = time.monotonic() - asked
        processes.wait_for(lambda: exporter.scrape().total("gunicorn_worker_exits_total", reason="killed") == 1, "the exit")
        time.sleep(0.3)
        scrape = exporter.scrape()
        assert scrape.total("gunicorn_worker_busy_seconds_total") == pytest.approx(lived, abs=0.05)
        assert scrape.total("gunicorn_worker_requests_in_flight") == 0
        # What it was doing is told, and is in no family of answers.
        told = re.search(r"worker_1_\d+ \(pid %d\) ended \(killed\) with a request in flight for (\S+) s: GET /sleep" % worker, exporter.log())
        assert float(told[1]) == pytest.approx(lived, abs=0.05)
        assert not scrape.select("gunicorn_worker_failed_requests_total") and not scrape.select("gunicorn_worker_error_handling_total")


@pytest.mark.clock
@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent"])
def test_first_and_last_byte_to_a_slow_reader(directory, worker_class):
    with observed(directory, worker_class, threads=2 if worker_class == "gthread" else None) as (server, exporter):
        client = Connection(server.address, receive_buffer=65536)
        request = request_bytes("GET", "/big?mb=64", (), b"", "1.1")
        sent_at = time.monotonic()
        client.send(request)
        received, first_at, half_at = 0, None, None
        while received < 64_000_000:
            data = client.socket.recv(1 << 20)
            assert data
            received += len(data)
            first_at = first_at or time.monotonic()
            if received < 20_000_000:
                time.sleep(0.005)
            elif not half_at and received >= 32_000_000:
                half_at = time.monotonic()
        last_at = time.monotonic()
        processes.wait_for(lambda: server.noted("big 64000000"), "the body is closed")
        scrape = settle(exporter, "gunicorn_worker_requests_total", 1)
        assert scrape.total("gunicorn_worker_time_to_first_byte_seconds_sum") < 0.5
        assert scrape.total("gunicorn_worker_time_to_first_byte_seconds_count") == 1
        # The request was read before its response began, and the last byte was accepted before it was received; the second half does
        # not fit into the buffers of both sockets.
        duration = scrape.total("gunicorn_worker_request_duration_seconds_sum")
        assert half_at - first_at < duration < last_at - sent_at
        # To the byte.
        client.socket.settimeout(0.3)
        with contextlib.suppress(OSError):
            received += len(client.socket.recv(1 << 20))
        assert scrape.total("gunicorn_worker_response_size_bytes_sum") == received
        assert scrape.total("gunicorn_worker_response_size_bytes_bucket", le="4194304.0") == 0
        assert scrape.total("gunicorn_worker_request_size_bytes_sum") == len(request)


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "uvicorn"])
def test_sizes_to_the_byte(directory, worker_class):
    with observed(directory, worker_class, threads=2 if worker_class == "gthread" else None) as (server, exporter):
        sent = received = count = 0
        for path, body in [("/hello", b""), ("/read", b"z" * 200_000), ("/chunks?n=50", b""), ("/hello", b"")]:
            request = request_bytes("POST" if body else "GET", path, (("Connection", "close"),), body, "1.1")
            with socket.create_connection(server.address) as client:
                client.sendall(request)
                while data := client.recv(65536):
                    received += len(data)
            sent += len(request)
            count += 1
        scrape = settle(exporter, "gunicorn_worker_requests_total", count)
        assert scrape.total("gunicorn_worker_response_size_bytes_count") == count
        assert scrape.total("gunicorn_worker_response_size_bytes_sum") == received
        assert scrape.total("gunicorn_worker_request_size_bytes_sum") == sent


def test_sizes_of_pipelined_requests(directory):
    with observed(directory, "gevent") as (server, exporter):
        requests = [request_bytes("GET", path, (), b"", "1.1") for path in ("/hello", "/missing", "/hello?with=something")]
        client = Connection(server.address)
        for path in ("/hello", "/missing", "/hello"):
            client.sent("GET", path)
        client.send(b"".join(requests))
        for _ in requests:
            client.receive()
        scrape = settle(exporter, "gunicorn_worker_requests_total", 3)
        assert scrape.total("gunicorn_worker_request_size_bytes_sum") == sum(map(len, requests))
        assert scrape.total("gunicorn_worker_time_to_first_byte_seconds_count") == 3
        assert scrape.total("gunicorn_worker_time_to_first_byte_seconds_sum") <= scrape.total("gunicorn_worker_request_duration_seconds_sum")


ROUTE = ("method", "endpoint", "status_code")


@pytest.mark.clock
def test_routes(directory, tmp_path):
    file = tmp_path / "routes"
    file.write_text("# of the shop\n/missing/{name}\n\n")
    with observed(directory, "sync", workers=2, options=["--routes", "--routes-file", str(file)]) as (server, exporter):
        expected, seconds = {}, {}
        for round_ in range(5):
            for method, path, endpoint in [("GET", "/hello?x=1", "/hello"), ("POST", "/hello", "/hello"), ("GET", f"/missing/{round_}x", "/missing/{name}"),
                                           ("GET", f"/items/{round_}", "/items/{id}"), ("GET", "/unavailable", "/unavailable"), ("GET", "/sleep?s=0.03", "/sleep")]:
                with Connection(server.address) as client:
                    response = client.exchange(method, path)
                key = (method, endpoint, str(response.status))
                expected[key] = expected.get(key, 0) + 1
                seconds[key[:2]] = seconds.get(key[:2], 0) + response.seconds
        scrape = settle(exporter, "gunicorn_worker_requests_total", 30)
        assert scrape.by("gunicorn_http_requests_total", *ROUTE) == expected
        assert scrape.by("gunicorn_http_request_duration_seconds_count", "method", "endpoint") == {
            route: sum(count for key, count in expected.items() if key[:2] == route) for route in seconds}
        for route, value in seconds.items():
            measured = scrape.total("gunicorn_http_request_duration_seconds_sum", method=route[0], endpoint=route[1])
            assert measured == pytest.approx(value, abs=0.01, rel=0.05)
        # What a worker counted stays when it has ended.
        os.kill(server.workers()[0], signal.SIGKILL)
        time.sleep(0.5)
        assert exporter.scrape().by("gunicorn_http_requests_total", *ROUTE) == expected


# Clients without a pause: an exporter that has to wait for a processor would not keep up, and lose labels.
@pytest.mark.clock
def test_routes_agree_with_the_workers_in_every_scrape(directory):
    with observed(directory, "gthread", workers=2, threads=4, options=["--routes"]) as (server, exporter):
        stop = time.monotonic() + 3

        def client(number):
            count = 0
            with Connection(server.address) as connection:
                while time.monotonic() < stop:
                    assert connection.exchange("GET", f"/hello?{number}").status == 200
                    count += 1
            return count

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = [pool.submit(client, number) for number in range(4)]
            last = {}
            while time.monotonic() < stop:
                scrape = exporter.scrape()
                assert scrape.total("gunicorn_http_requests_total") == scrape.total("gunicorn_worker_requests_total")
                assert scrape.total("gunicorn_http_request_duration_seconds_count") == scrape.total("gunicorn_worker_requests_total")
                now = scrape.by("gunicorn_http_requests_total", *ROUTE)
                assert all(now.get(key, 0) >= value for key, value in last.items())
                last = now
            total = sum(job.result() for job in running)
        scrape = settle(exporter, "gunicorn_worker_requests_total", total)
        assert scrape.by("gunicorn_http_requests_total", *ROUTE) == {("GET", "/hello", "200"): total}


OFF = {
    "activity": ["gunicorn_workers", "gunicorn_worker_busy_seconds_total", "gunicorn_worker_requests_in_flight", "gunicorn_worker_open_connections"],
    "waits": ["gunicorn_request_queue_seconds_count"],
    "backlog": ["gunicorn_listener_backlog", "gunicorn_listener_backlog_limit", "gunicorn_listener_dropped_total"],
    "sizes": ["gunicorn_worker_time_to_first_byte_seconds_count", "gunicorn_worker_request_size_bytes_count", "gunicorn_worker_response_size_bytes_count"],
    "gc": ["gunicorn_worker_gc_pause_seconds_count"],
}
PROGRAMS = {"waits": ["sys_enter"], "backlog": ["read_backlogs"], "exceptions": ["explain_response"],
            "gc": ["collection_begins", "collection_ends"]}


def test_what_is_turned_off_is_neither_measured_nor_shown(directory):
    with Gunicorn(directory, "sync") as server:
        with Exporter(directory, pid=server.pid) as exporter:
            everything = exporter.scrape()
            for names in OFF.values():
                assert all(everything.select(name) for name in names)
            assert all(value == 1 for _, value in everything.select("gunicorn_bpf_exporter_probe_attached"))
        with Exporter(directory, *(f"--no-collector.{name}" for name in [*OFF, "exceptions"]), pid=server.pid) as exporter:
            with Connection(server.address) as client:
                client.exchange("GET", "/raise")
            scrape = settle(exporter, "gunicorn_worker_requests_total", 1)
            for names in OFF.values():
                assert not any(scrape.select(name) for name in names)
            for names in PROGRAMS.values():
                assert all(scrape.total("gunicorn_bpf_exporter_probe_attached", probe=name) == 0 for name in names)
            assert scrape.total("gunicorn_worker_error_handling_total", error_type="unknown") == 1
