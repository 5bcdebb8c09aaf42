# SPDX-License-Identifier: BSD-2-Clause
"""Workers that are busy behind their response, and what stays open: event streams and WebSockets, how they end and how long they live."""

import contextlib
import os
import signal
import socket
import struct
import time

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.server import Gunicorn
from harness.wire import Connection, request_bytes

TIME_ERROR = 0.1  # seconds
UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
           ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))
CLOSE = 8
TEXT = 1
THREADS = {"gthread": 3}
NOBODY = {"client": 0, "server": 0, "worker_exit": 0}


@contextlib.contextmanager
def observed(directory, worker_class, options=(), **details):
    application = "asgi_app" if worker_class == "uvicorn" else "stream_app"
    with Gunicorn(directory, worker_class, threads=THREADS.get(worker_class), application=application, **details) as server, \
            Exporter(directory, *options, pid=server.pid) as exporter:
        yield server, exporter


def settle(exporter, name, value, **labels):
    processes.wait_for(lambda: exporter.scrape().total(name, **labels) == value, lambda: f"{name} is {value}: {exporter.scrape().select(name)}")
    return exporter.scrape()


def states(scrape):
    return scrape.by("gunicorn_workers", "state")


def busy(exporter):
    return exporter.scrape().total("gunicorn_worker_busy_seconds_total")


def ends(scrape, name):
    """By whom, and that as many lifetimes are counted."""
    ended = scrape.by(f"gunicorn_worker_{name}s_ended_total", "by")
    assert scrape.total(f"gunicorn_worker_{name}_lifetime_seconds_count") == sum(ended.values())
    return ended


class WebSocket:
    def __init__(self, server, path="/ws"):
        self.socket = socket.create_connection(server.address, 10)
        self.socket.sendall(request_bytes("GET", path, UPGRADE, b"", "1.1"))
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._some()
        assert head.startswith(b"HTTP/1.1 101 ") and head.endswith(b"\r\n\r\n")

    def _some(self, size=1):
        data = self.socket.recv(size)
        assert data, "the server left"
        return data

    def send(self, opcode, data):
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(data)]) + b"\0\0\0\0" + data)

    def receive(self):
        first, second = self._some(), self._some()
        data = b""
        while len(data) < second[0]:
            data += self._some(second[0] - len(data))
        return first[0] & 15, data

    def says(self, text):
        self.send(TEXT, text)
        assert self.receive() == (TEXT, text)

    def closes(self):
        self.send(CLOSE, b"\x03\xe8")
        assert self.receive()[0] == CLOSE
        self.gone()

    def gone(self):
        assert self.socket.recv(1) == b""
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.mark.clock
@pytest.mark.parametrize("options", [(), ("--no-collector.waits",)])
@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_work_behind_the_last_byte_is_busy(directory, worker_class, options):
    with observed(directory, worker_class, options=options) as (server, exporter):
        before = busy(exporter)
        with Connection(server.address) as client:
            assert client.exchange("GET", "/?close=1.5").body == b"hi"
            scrape = exporter.scrape()
            assert scrape.total("gunicorn_worker_requests_in_flight") == 0
            assert states(scrape) == {"busy": 1, "idle": 0}
            time.sleep(2)
            # gthread keeps the connection, and no thread for it.
            scrape = exporter.scrape()
            assert scrape.total("gunicorn_worker_open_connections") == (worker_class == "gthread")
            assert states(scrape) == {"busy": 0, "idle": 1}
            assert busy(exporter) - before == pytest.approx(1.5, abs=TIME_ERROR)
        assert busy(exporter) - before == pytest.approx(1.5, abs=TIME_ERROR)


@pytest.mark.clock
def test_a_client_that_sends_nothing_occupies_a_sync_worker(directory):
    with observed(directory, "sync") as (server, exporter):
        before = busy(exporter)
        silent = Connection(server.address)
        time.sleep(1)
        scrape = exporter.scrape()
        assert scrape.total("gunicorn_worker_requests_in_flight") == 0
        assert states(scrape) == {"busy": 1, "idle": 0}
        assert busy(exporter) - before == pytest.approx(1, abs=TIME_ERROR)
        silent.close()
        processes.wait_for(lambda: states(exporter.scrape()) == {"busy": 0, "idle": 1}, "the worker is idle")


@pytest.mark.clock
@pytest.mark.parametrize("path", ["/ws", "/ws?watch=1"])
def test_a_websocket_occupies_its_thread(directory, path):
    with observed(directory, "gthread") as (server, exporter):
        before = busy(exporter)
        begun = time.monotonic()
        client = WebSocket(server, path)
        for _ in range(3):
            time.sleep(0.4)
            client.says(b"hello")
            scrape = exporter.scrape()
            assert states(scrape) == {"busy": 1, "idle": 0}
            assert scrape.total("gunicorn_worker_websockets") == 1
            assert scrape.total("gunicorn_worker_requests_in_flight") == 0
        assert busy(exporter) - before == pytest.approx(time.monotonic() - begun, abs=TIME_ERROR)
        client.closes()
        lived = time.monotonic() - begun
        scrape = settle(exporter, "gunicorn_worker_websockets", 0)
        assert states(scrape) == {"busy": 0, "idle": 1}
        assert busy(exporter) - before == pytest.approx(lived, abs=TIME_ERROR)
        assert ends(scrape, "websocket") == {**NOBODY, "client": 1}
        assert scrape.total("gunicorn_worker_websocket_lifetime_seconds_sum") == pytest.approx(lived, abs=TIME_ERROR)
        assert scrape.by("gunicorn_worker_responses_total", "status_code")["101"] == 1


@pytest.mark.clock
@pytest.mark.parametrize("suite", ["bullseye", "trixie", "sid"])
def test_a_thread_in_roots(directory, root_of, suite):
    """Gunicorn 20.1 gives connections back in the thread, 26 in the main thread."""
    with observed(directory, "gthread", root=root_of(suite)) as (server, exporter):
        before = busy(exporter)
        with Connection(server.address) as kept:
            for count in (1, 2):
                assert kept.exchange("GET", "/?close=1").body == b"hi"
                assert states(exporter.scrape()) == {"busy": 1, "idle": 0}
                processes.wait_for(lambda: states(exporter.scrape()) == {"busy": 0, "idle": 1}, "the thread is free")
                assert busy(exporter) - before == pytest.approx(count, abs=TIME_ERROR)
            client = WebSocket(server, "/ws?watch=1")
            begun = time.monotonic()
            time.sleep(1)
            client.says(b"hello")
            assert states(exporter.scrape()) == {"busy": 1, "idle": 0}
            client.closes()
            lived = time.monotonic() - begun
            scrape = settle(exporter, "gunicorn_worker_websockets", 0)
            assert ends(scrape, "websocket") == {**NOBODY, "client": 1}
            assert states(scrape) == {"busy": 0, "idle": 1}
            assert busy(exporter) - before == pytest.approx(2 + lived, abs=TIME_ERROR)


def test_threads_that_are_used_up(directory):
    with observed(directory, "gthread") as (server, exporter):
        clients = [WebSocket(server) for _ in range(THREADS["gthread"])]
        waiting = Connection(server.address)
        waiting.ask("GET", "/")
        time.sleep(0.5)
        scrape = exporter.scrape()
        assert states(scrape) == {"busy": 1, "idle": 0}
        assert scrape.total("gunicorn_worker_websockets") == len(clients)
        clients[0].closes()
        assert waiting.receive().status == 200
        settle(exporter, "gunicorn_worker_websockets", len(clients) - 1)


@pytest.mark.parametrize("worker_class", ["gthread", "gevent", "uvicorn"])
def test_who_ends_a_websocket(directory, worker_class):
    with observed(directory, worker_class, options=["--retention", "60s"]) as (server, exporter):
        def count():
            return exporter.scrape().total("gunicorn_worker_websockets_ended_total")

        def one():
            client = WebSocket(server)
            client.says(b"hello")
            assert exporter.scrape().total("gunicorn_worker_websockets") == 1
            return client

        expected = dict(NOBODY)
        one().closes()
        expected["client"] += 1
        one().socket.close()
        expected["client"] += 1
        one().reset()
        expected["client"] += 1
        client = one() if worker_class != "uvicorn" else None
        if client:  # the server begins to close, and the client leaves first
            client.send(TEXT, b"bye")
            assert client.receive()[0] == CLOSE
            client.send(CLOSE, b"\x03\xe8")
            client.socket.close()
            expected["server"] += 1
        scrape = settle(exporter, "gunicorn_worker_websockets_ended_total", sum(expected.values()))
        assert ends(scrape, "websocket") == expected
        assert scrape.total("gunicorn_worker_websockets") == 0
        (worker,) = server.workers()
        left = one()
        os.kill(worker, signal.SIGKILL)
        expected["worker_exit"] += 1
        processes.wait_for(lambda: count() == sum(expected.values()), "the end")
        scrape = exporter.scrape()
        assert ends(scrape, "websocket") == expected
        assert scrape.total("gunicorn_worker_websockets") == 0
        left.socket.close()


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "eventlet"])
def test_event_streams(directory, worker_class):
    several = 1 if worker_class == "sync" else 2
    with observed(directory, worker_class, options=["--retention", "60s"]) as (server, exporter):
        def streams(count, path="/events"):
            clients = []
            for _ in range(count):
                clients.append(socket.create_connection(server.address, 10))
                clients[-1].sendall(request_bytes("GET", path, (), b"", "1.1"))
                assert clients[-1].recv(10).startswith(b"HTTP/1.1 2")
            return clients

        def done(expected):
            scrape = settle(exporter, "gunicorn_worker_streams_ended_total", sum(expected.values()))
            assert ends(scrape, "stream") == expected
            assert scrape.total("gunicorn_worker_open_streams") == 0
            return scrape

        expected = {**NOBODY, "complete": 0}
        begun = time.monotonic()
        clients = streams(several)
        time.sleep(0.7)
        scrape = exporter.scrape()
        assert scrape.total("gunicorn_worker_open_streams") == several
        assert scrape.total("gunicorn_worker_streams_ended_total") == 0
        assert states(scrape) == {"busy": 1, "idle": 0}
        for client in clients:
            client.close()
        expected["client"] += several
        scrape = done(expected)
        # The server learns of it when it has written twice.
        assert scrape.total("gunicorn_worker_stream_lifetime_seconds_sum") == pytest.approx(several * (time.monotonic() - begun), abs=several * 0.6)
        assert scrape.by("gunicorn_worker_responses_incomplete_total", "by")["client"] == several
        with Connection(server.address) as client:
            assert client.exchange("GET", "/events?n=4").complete
        expected["complete"] += 1
        done(expected)
        with Connection(server.address) as client:
            assert not client.exchange("GET", "/events?n=2&fail=1").complete
        expected["server"] += 1
        done(expected)
        # One with a length is none.
        with Connection(server.address) as client:
            assert client.exchange("GET", "/").body == b"hi"
        done(expected)
        (worker,) = server.workers()
        clients = streams(several)
        settle(exporter, "gunicorn_worker_open_streams", several)
        os.kill(worker, signal.SIGKILL)
        expected["worker_exit"] += several
        done(expected)


def test_streams_and_websockets_of_an_event_loop(directory):
    with observed(directory, "uvicorn") as (server, exporter):
        with Connection(server.address) as client:
            assert client.exchange("GET", "/chunks?n=5").complete
        scrape = settle(exporter, "gunicorn_worker_requests_total", 1)
        assert scrape.total("gunicorn_worker_open_streams") == 0
        client = WebSocket(server)
        # Others are served meanwhile.
        scrape = settle(exporter, "gunicorn_worker_websockets", 1)
        assert states(scrape) == {"busy": 0, "idle": 1}
        client.closes()
        settle(exporter, "gunicorn_worker_websockets", 0)


def test_what_is_turned_off_is_not_shown(directory):
    with Gunicorn(directory, "gthread", threads=2, application="stream_app") as server, \
            Exporter(directory, "--no-collector.activity", pid=server.pid) as exporter:
        client = WebSocket(server)
        client.says(b"hello")
        client.closes()
        scrape = settle(exporter, "gunicorn_worker_requests_total", 1)
        for name in ("open_streams", "streams_ended_total", "stream_lifetime_seconds_count", "websockets", "websockets_ended_total",
                     "websocket_lifetime_seconds_count"):
            assert not scrape.select(f"gunicorn_worker_{name}")
