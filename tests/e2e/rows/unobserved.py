# SPDX-License-Identifier: BSD-2-Clause
"""Input and output of the worker that is not its clients'."""

import http.server
import threading
import time

from harness.wire import Connection
from rows import row


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server outside Gunicorn that is always busy."""

    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class _Outside:
    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self.server.server_port

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@row("STG")
def outgoing_call_that_answers_503(net):
    with _Outside() as port:
        assert net.get(f"/outgoing?port={port}").json()["status"] == 503


@row("TG")
def outgoing_socket_with_a_client_number(net):
    """An outgoing socket gets the number of a client that just left, and a client gets that number back."""
    with _Outside() as port, net.open() as stays:
        for _ in range(3):
            with net.open() as leaves, net.open() as fills:
                assert leaves.exchange("GET", "/hello").status == 200
                assert fills.exchange("GET", "/hello").status == 200
                leaves.close()
                time.sleep(0.05)
                assert stays.exchange("GET", f"/outgoing?port={port}").json()["status"] == 503
            assert net.get("/missing").status == 404


@row("S")
def outgoing_sockets_between_clients(net):
    with _Outside() as port:
        for _ in range(3):
            assert net.get(f"/outgoing?port={port}").json()["status"] == 503
            assert net.get("/missing").status == 404


@row("ST", transports=("tcp",))
def http_server_in_a_thread_of_the_worker(net):
    port = net.get("/sidecar").json()
    for _ in range(3):
        with Connection(("127.0.0.1", port)) as other:
            assert other.exchange("GET", "/hello").status == 500


@row("STG")
def subprocess_in_a_request(net):
    assert "500 from a child" in net.get("/child").json()


@row("STGE")
def noise_on_other_descriptors(net):
    assert net.get("/noise").status == 200
