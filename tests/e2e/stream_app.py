# SPDX-License-Identifier: BSD-2-Clause
"""A WSGI application whose answers stay open: event streams, WebSockets by hand, and work behind the last byte."""

import base64
import hashlib
import selectors
import time
from urllib.parse import parse_qs

EVENTS = ("Content-Type", "text/event-stream")


def switch(environ):
    """The 101 of a WebSocket, over the raw socket, as simple-websocket does it."""
    key = environ["HTTP_SEC_WEBSOCKET_KEY"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    sock = environ.get("gunicorn.socket") or environ["eventlet.input"].get_socket()
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + base64.b64encode(hashlib.sha1(key).digest()) + b"\r\n\r\n")
    return sock


def receive(sock):
    """One short frame: its opcode and payload; (None, b"") at the end of the stream."""
    def exactly(count):
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    try:
        first, second = exactly(2)
        mask = exactly(4)
        data = exactly(second & 127)
    except (EOFError, ConnectionError):
        return None, b""
    return first & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def websocket(environ, query):
    sock = switch(environ)
    if "watch" in query:  # as simple-websocket does to send pings
        selectors.DefaultSelector().register(sock, selectors.EVENT_READ)
    while True:
        opcode, data = receive(sock)
        if opcode is None:
            break
        if data == b"bye" or opcode == 8:
            sock.sendall(b"\x88\x02\x03\xe8")
            if opcode != 8:
                receive(sock)
            break
        sock.sendall(bytes([0x80 | opcode, len(data)]) + data)
    raise StopIteration  # as flask-sock does: nothing is answered any more


class SlowClose(list):
    def __init__(self, items, seconds):
        super().__init__(items)
        self.seconds = seconds

    def close(self):
        time.sleep(self.seconds)


def events(query):
    for number in range(int(query.get("n", ["100000"])[0])):
        yield b"data: %d\n\n" % number
        time.sleep(0.05)
    if "fail" in query:
        raise ValueError("after the last event")


def app(environ, start_response):
    path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
    if path == "/ws":
        return websocket(environ, query)
    if path == "/events":
        start_response("200 OK", [EVENTS])
        return events(query)
    start_response("200 OK", [("Content-Length", "2")])
    return SlowClose([b"hi"], float(query.get("close", ["0"])[0]))
