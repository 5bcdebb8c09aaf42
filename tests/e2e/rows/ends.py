# SPDX-License-Identifier: BSD-2-Clause
"""Requests and responses that do not come to their end."""

import time

from harness.processes import wait_for
from rows import ALL, row


@row(ALL)
def client_resets_before_the_response(net):
    connection = net.open()
    connection.ask("GET", "/sleep?s=0.3")
    time.sleep(0.1)
    connection.reset()
    return net.seen().but(aborted__client=1, connections__aborted=1)


@row("TGEU")
def client_resets_the_second_request(net):
    connection = net.open()
    connection.exchange("GET", "/hello")
    connection.ask("GET", "/sleep?s=0.3")
    time.sleep(0.1)
    connection.reset()
    return net.seen().but(aborted__client=1)


@row("STGE")
def client_closes_while_the_body_is_sent(net):
    with net.open(receive_buffer=65536) as connection:
        connection.ask("GET", "/big?mb=16")
        time.sleep(0.1)
        assert connection.socket.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    return net.seen().but(requests=1, durations=1, responses__200=1, incomplete__client=1, connections__http=1, seconds=None)


@row("STGE")
def exception_after_the_head(net):
    answer = net.get("/raise-late?length=1")
    assert (answer.status, answer.complete) == (200, False)


@row("STGE")
def exception_between_chunks(net):
    answer = net.get("/raise-late")
    assert (answer.status, answer.complete) == (200, False)


@row("U")
def exception_after_the_head_asyncio(net):
    answer = net.get("/raise-late")
    assert (answer.status, answer.complete) == (200, False)


def _worker_dies(net, how):
    (old,) = net.server.workers()
    connection = net.open()
    connection.ask("GET", "/die?how=" + how)
    assert connection.receive() is None
    wait_for(lambda: net.server.workers() not in ([], [old]), "a new worker")
    # It answers as soon as it has booted.
    assert net.get("/hello").status == 200
    return net.seen().but(aborted__worker_exit=1, connections__aborted=1, seconds=None)


@row("ST")
def worker_exits_in_a_request(net):
    return _worker_dies(net, "exit")


@row("ST")
def worker_is_killed_in_a_request(net):
    return _worker_dies(net, "kill")


@row("ST")
def worker_crashes_in_a_request(net):
    return _worker_dies(net, "crash")


@row("T", transports=("tcp",))
def worker_is_killed_with_idle_connections(net):
    """Connections that die with their worker are ended ones, and their answers stay counted."""
    connections = [net.open() for _ in range(3)]
    for connection in connections[:2]:
        connection.exchange("GET", "/hello")
    expect = _worker_dies(net, "kill")
    return expect.but(connections__http=3, connections__empty=1)
