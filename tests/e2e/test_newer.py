# SPDX-License-Identifier: BSD-2-Clause
"""What only newer Gunicorns do: a listener for each worker, HTTP/2 without TLS, uwsgi, PROXY protocol version 2."""

import struct
import time

import pytest

import rows
from harness import processes
from harness.exporter import Exporter
from harness.ledger import gained, settle
from harness.server import Gunicorn
from harness.wire import Connection, request_bytes


def observe(directory, server):
    return Exporter(directory, pid=server.pid)


@pytest.fixture(scope="module")
def sid(root_of):
    return root_of("sid")


def test_reuse_port_before_and_after_the_exporter(directory, sid):
    with Gunicorn(directory, workers=2, root=sid, options=["--reuse-port"]) as server, observe(directory, server) as exporter:
        before, net = exporter.scrape(), rows.Net(server)
        for _ in range(20):
            assert net.get("/hello").status == 200
        settle(exporter, before, net.seen().but(seconds=None))
        # A worker that is born now opens its listener while it is watched.
        old = server.workers()
        server.signal(1)
        processes.wait_for(lambda: len(server.workers()) == 2 and not set(old) & set(server.workers()), "the workers are replaced")
        time.sleep(1)  # they boot; a connection to find out would be counted
        before, net = exporter.scrape(), rows.Net(server)
        for _ in range(20):
            assert net.get("/hello").status == 200
        settle(exporter, before, net.seen().but(seconds=None))


@pytest.mark.parametrize("worker_class", ["gthread", "asgi"])
def test_cleartext_http2_is_recognised_and_not_guessed(directory, sid, worker_class):
    options = ["--http-protocols", "h2,h1", "--http2-cleartext", "both"]
    threads = 4 if worker_class == "gthread" else None
    with Gunicorn(directory, worker_class, threads=threads, root=sid, options=options) as server, observe(directory, server) as exporter:
        before = exporter.scrape()
        with Connection(server.address) as connection:
            # RFC 9113 section 3.4: the preface and an empty SETTINGS frame.
            connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            connection.socket.settimeout(5)
            assert connection.socket.recv(9)[3] == 4, "the server answers with its own SETTINGS"
        processes.wait_for(lambda: gained(before, exporter.scrape()) == {"connections http2": 1},
                           lambda: f"one HTTP/2 connection: {gained(before, exporter.scrape())}")
        between, net = exporter.scrape(), rows.Net(server)
        assert net.get("/hello").status == 200
        settle(exporter, between, net.seen().but(seconds=None))


def packet(method, path):
    variables = {"QUERY_STRING": "a=b", "REQUEST_METHOD": method, "CONTENT_LENGTH": "", "REQUEST_URI": f"{path}?a=b",
                 "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
                 "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "HTTP_CONNECTION": "close"}
    body = b"".join(struct.pack("<H", len(text)) + text.encode() for pair in variables.items() for text in pair)
    return struct.pack("<BHB", 0, len(body), 0) + body


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_uwsgi(directory, sid, worker_class):
    threads = 4 if worker_class == "gthread" else None
    server = Gunicorn(directory, worker_class, threads=threads, root=sid, options=["--protocol", "uwsgi"], wait=False)
    with server:
        processes.wait_for(server.listens, lambda: f"Gunicorn listens:\n{server.log()}")
        with observe(directory, server) as exporter:
            before, net = exporter.scrape(), rows.Net(server)
            for path, pieces in (("/hello", 1), ("/missing", 1), ("/missing", 3)):
                with net.open() as connection:
                    data = packet("GET", path)
                    size = -(-len(data) // pieces)
                    begun = connection.send(*[data[at:at + size] for at in range(0, len(data), size)], pause=0.05)
                    connection.sent("GET", path, begun)
                    assert connection.receive().status == (200 if path == "/hello" else 404)
            settle(exporter, before, net.seen().but(seconds=None))


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_proxy_protocol_version_2(directory, sid, worker_class):
    addresses = bytes([127, 0, 0, 1, 127, 0, 0, 1]) + struct.pack(">HH", 40000, 80)
    header = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11]) + struct.pack(">H", len(addresses)) + addresses
    threads = 4 if worker_class == "gthread" else None
    options = ["--proxy-protocol", "v2"]
    with Gunicorn(directory, worker_class, threads=threads, root=sid, options=options, probe=header) as server, \
            observe(directory, server) as exporter:
        before, net = exporter.scrape(), rows.Net(server)
        with net.open() as connection:
            connection.sent("GET", "/missing", connection.send(header + request_bytes("GET", "/missing")))
            assert connection.receive().status == 404
        settle(exporter, before, net.seen().but(seconds=None))
