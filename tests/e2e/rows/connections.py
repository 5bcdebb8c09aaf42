# SPDX-License-Identifier: BSD-2-Clause
"""Several requests on one connection, and connections without any."""

import threading
import time

from harness.wire import request_bytes
from rows import ALL, KEEP_ALIVE, row

THREE = request_bytes("GET", "/hello") + request_bytes("GET", "/missing") + request_bytes("GET", "/hello")


@row(KEEP_ALIVE)
def keep_alive_with_pauses(net):
    """Idle time is in no duration, and the third answer is there while the connection is still open."""
    with net.open() as connection:
        for _ in range(3):
            assert connection.exchange("GET", "/hello").seconds < 0.1
            time.sleep(0.1)
        yield
        time.sleep(0.8)
        yield


@row(KEEP_ALIVE)
def keep_alive_on_many_connections(net):
    """Under gthread, the requests of one connection are served by changing threads."""
    connections = [net.open() for _ in range(6)]
    for round_ in range(5):
        for connection in connections:
            connection.ask("GET", "/hello" if round_ % 2 else "/missing")
        for connection in connections:
            assert connection.receive() is not None
    # They waited for each other, so the client's times are longer than the server's.
    return net.seen().but(seconds=None, connections__http=6)


@row("TGEU")
def keep_alive_concurrent(net):
    def drive():
        connection = net.open()
        for number in range(20):
            connection.exchange("GET", ("/hello", "/missing", "/chunks")[number % 3])
        connection.close()

    threads = [threading.Thread(target=drive) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = net.seen().but(seconds=None)
    assert seen.counts["requests"] == 100
    return seen


@row("GEOU")
def pipelined_and_served(net):
    with net.open() as connection:
        moment = connection.send(THREE)
        for path in ("/hello", "/missing", "/hello"):
            connection.sent("GET", path, moment)
        assert [connection.receive().status for _ in range(3)] == [200, 404, 200]


@row("S")
def pipelined_and_dropped(net):
    """sync answers one request a connection; the others were read and never served."""
    with net.open() as connection:
        connection.sent("GET", "/hello", connection.send(THREE))
        assert [answer.status for answer in [connection.receive(), *connection.rest()]] == [200]
    return net.seen().but(unserved=2)


@row("T")
def pipelined_and_served_late(net):
    """gthread looks at what it has read already only when more comes, be it the end."""
    with net.open() as connection:
        moment = connection.send(THREE)
        for path in ("/hello", "/missing", "/hello"):
            connection.sent("GET", path, moment)
        assert connection.receive().status == 200
        yield
        connection.half_close()
        late = connection.rest()
    return net.seen().but(unserved=2 - len(late))


@row("STGE")
def half_close_after_the_request(net):
    with net.open() as connection:
        connection.ask("GET", "/sleep?s=0.1")
        connection.half_close()
        assert connection.receive().status == 200
        assert connection.closed_by_server()


@row("STGEUA")
def http_1_0(net):
    with net.open() as connection:
        assert connection.exchange("GET", "/hello", version="1.0").status == 200
        assert connection.closed_by_server()


@row("TG")
def http_1_0_with_keep_alive(net):
    with net.open() as connection:
        for _ in range(2):
            assert connection.exchange("GET", "/hello", version="1.0", headers={"Connection": "keep-alive"}).status == 200


@row("TGEOU")
def connection_close_asked_for(net):
    with net.open() as connection:
        assert connection.exchange("GET", "/hello", headers={"Connection": "close"}).status == 200
        assert connection.closed_by_server()


@row(ALL)
def connect_and_close(net):
    net.open().close()
    net.open().close()
    return net.seen().but(connections__empty=2)


@row(ALL, without="S")
def connect_and_idle(net):
    with net.open() as connection:
        time.sleep(0.2)
        yield
        assert connection.open
    return net.seen().but(connections__empty=1)


@row(ALL)
def half_a_head_then_close(net):
    with net.open() as connection:
        connection.send(b"GET /hello HTTP/1.1\r\nHost: te")
        time.sleep(0.1)
    return net.seen().but(connections__partial=1)


@row("TGEU")
def half_a_head_after_a_request(net):
    with net.open() as connection:
        connection.exchange("GET", "/hello")
        connection.send(b"GET /hel")
        time.sleep(0.1)


@row(ALL)
def tls_hello_on_a_plain_port(net):
    """A server may answer it as it would any garbage; then the answer is counted, else the connection."""
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(0x20, 0xdd))
    with net.open() as connection:
        connection.sent("invalid", "invalid", connection.send(hello[:205]))
        connection.half_close()
        answer = connection.receive()
    if answer is None:
        return net.seen().but(connections__tls=1)
    assert answer.status == 400
    return net.seen()
