# SPDX-License-Identifier: BSD-2-Clause
"""Other ways to listen, PROXY protocol, TLS, and connections that are older than the exporter. Counts are exact;
exact durations are the matter of test_requests.py."""

import contextlib
import socket
import ssl
import subprocess
import time

import pytest

import rows
from harness import processes
from harness.exporter import Exporter
from harness.ledger import Expect, gained, settle
from harness.server import Gunicorn
from harness.wire import Connection, request_bytes


@contextlib.contextmanager
def observed(directory, worker_class="sync", **details):
    if worker_class == "gthread":
        details.setdefault("threads", 4)
    with Gunicorn(directory, worker_class, **details) as server, Exporter(directory, pid=server.pid) as exporter:
        yield server, exporter


def test_two_binds(directory):
    second = ("127.0.0.1", processes.free_port())
    with observed(directory, workers=2, options=["-b", "%s:%d" % second]) as (server, exporter):
        before, net = exporter.scrape(), rows.Net(server)
        for address in (server.address, second) * 5:
            with Connection(address) as connection:
                net.connections.append(connection)
                assert connection.exchange("GET", "/missing").status == 404
        settle(exporter, before, net.seen().but(seconds=None))


def test_tcp_and_unix_at_once(directory):
    path = f"{directory}/both"
    with observed(directory, options=["-b", f"unix:{path}"]) as (server, exporter):
        before, net = exporter.scrape(), rows.Net(server)
        for address in (server.address, path) * 5:
            with Connection(address) as connection:
                net.connections.append(connection)
                assert connection.exchange("GET", "/hello").status == 200
        settle(exporter, before, net.seen().but(seconds=None))


def test_reuse_port(directory):
    with observed(directory, workers=2, options=["--reuse-port"]) as (server, exporter):
        before, net = exporter.scrape(), rows.Net(server)
        for _ in range(20):
            assert net.get("/hello").status == 200
        settle(exporter, before, net.seen().but(seconds=None))


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_socket_activation(directory, worker_class):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with observed(directory, worker_class, workers=2, inherit=listener) as (server, exporter):
            before, net = exporter.scrape(), rows.Net(server)
            for _ in range(10):
                assert net.get("/hello").status == 200
            settle(exporter, before, net.seen().but(seconds=None))


@pytest.mark.clock
@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_proxy_protocol(directory, worker_class):
    line = b"PROXY TCP4 127.0.0.1 127.0.0.1 40000 80\r\n"
    with observed(directory, worker_class, options=["--proxy-protocol"], probe=line) as (server, exporter):
        before, net = exporter.scrape(), rows.Net(server)
        with net.open() as connection:
            connection.sent("GET", "/missing", connection.send(line + request_bytes("GET", "/missing")))
            assert connection.receive().status == 404
        with net.open() as connection:
            # The line is the proxy's: the request begins after it.
            connection.send(line)
            time.sleep(0.1)
            assert connection.exchange("GET", "/nowhere").status == 404
        settle(exporter, before, net.seen().but(tolerance=0.08))


@pytest.fixture(scope="module")
def certificate(directory):
    key, chain = f"{directory}/key.pem", f"{directory}/chain.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                    "-keyout", key, "-out", chain], check=True, capture_output=True)
    return ["--keyfile", key, "--certfile", chain]


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "uvicorn"])
def test_tls_is_recognised_and_not_guessed(directory, certificate, worker_class):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def get(server):
        with socket.create_connection(server.address, timeout=10) as plain, context.wrap_socket(plain) as secret:
            secret.sendall(request_bytes("GET", "/missing", headers={"Connection": "close"}))
            answer = b""
            with contextlib.suppress(ConnectionResetError, ssl.SSLError):
                while piece := secret.recv(65536):
                    answer += piece
            return answer.startswith(b"HTTP/1.1 404 ")

    threads = 4 if worker_class == "gthread" else None
    with Gunicorn(directory, worker_class, threads=threads, options=certificate, wait=False) as server:
        processes.wait_for(lambda: _tries(get, server), lambda: f"TLS answers; Gunicorn said:\n{server.log()}")
        with Exporter(directory, pid=server.pid) as exporter:
            before = exporter.scrape()
            for _ in range(5):
                assert get(server)
            settle(exporter, before, Expect({"connections tls": 5}))


def _tries(get, server):
    try:
        return get(server)
    except OSError:
        return False


def test_plain_http_on_a_tls_port(directory, certificate):
    with Gunicorn(directory, "sync", options=certificate, wait=False) as server:
        processes.wait_for(lambda: server.listens(), "the port is open")
        time.sleep(0.5)
        with Exporter(directory, pid=server.pid) as exporter:
            before, net = exporter.scrape(), rows.Net(server)
            with net.open() as connection:
                connection.send(request_bytes("GET", "/hello"))
                assert connection.receive() is None
            # libssl read the first five bytes.
            settle(exporter, before, Expect({"connections partial": 1}))


@pytest.mark.clock
def test_connections_older_than_the_exporter(directory):
    """The request in flight at the start is in no number; everything after it is in all of them."""
    with Gunicorn(directory, "gthread", threads=4) as server:
        with Connection(server.address) as idle, Connection(server.address) as flying:
            idle.exchange("GET", "/hello")
            flying.exchange("GET", "/hello")
            flying.ask("GET", "/sleep?s=4")
            started = time.monotonic()
            with Exporter(directory, pid=server.pid) as exporter:
                assert time.monotonic() - started < 3.5, "the exporter started too late for this test"
                before = exporter.scrape()
                assert gained(before, before) == {}
                assert flying.receive().status == 200
                time.sleep(0.3)
                after = exporter.scrape()
                assert gained(before, after) == {}
                assert after.total("gunicorn_worker_requests_total") == 0
                seconds = 0.0
                for connection in (idle, flying, idle, flying):
                    seconds += connection.exchange("GET", "/missing").seconds
                expect = Expect({"requests": 4, "durations": 4, "responses 404": 4, "failed GET /missing 404": 4}, seconds, tolerance=0.2)
                settle(exporter, before, expect)
                idle.close()
                flying.close()
                settle(exporter, before, expect.but(connections__http=2))


@pytest.mark.clock
def test_sync_request_in_flight_at_the_start(directory):
    with Gunicorn(directory, "sync") as server, Connection(server.address) as flying:
        flying.ask("GET", "/sleep?s=4")
        time.sleep(0.2)
        with Exporter(directory, pid=server.pid) as exporter:
            assert exporter.scrape().total("gunicorn_worker_requests_total") == 0
            assert flying.receive().status == 200
            assert flying.closed_by_server()
            time.sleep(0.3)
            before, net = exporter.scrape(), rows.Net(server)
            assert net.get("/hello").status == 200
            settle(exporter, before, net.seen().but(tolerance=0.2))
            assert exporter.scrape().total("gunicorn_worker_requests_total") == 1
