# SPDX-License-Identifier: BSD-2-Clause
"""A client that writes bytes to a socket as told and reads answers by their framing. It is the oracle: what
came over the wire is the truth that metrics are held against."""

import contextlib
import dataclasses
import json
import re
import socket
import struct
import time

_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})(?: |$)")
# RFC 9112 section 2.2: a bare LF ends a line too. Gunicorn 26 under Python 3.14 ends the heads of its own error
# pages with CR LF LF.
_HEAD_END = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
PATIENCE = 180.0


@dataclasses.dataclass
class Response:
    status: int
    headers: dict  # names in lower case
    interim: list  # 1xx statuses that came first
    method: str  # of the request, as sent
    path: str
    began: float  # time.monotonic(): first byte of the request sent, or the previous answer's end if later
    ended: float = 0.0  # last byte received
    length: int = 0  # of the body, without chunk sizes
    body: bytes = b""  # its first 64 KiB
    complete: bool = True

    @property
    def seconds(self):
        return self.ended - self.began

    def json(self):
        return json.loads(self.body)


class Connection:
    """One client connection; `address` is (host, port) or a unix socket's path."""

    def __init__(self, address, receive_buffer=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        self.responses = []
        self.open = True
        self._asked = []  # (method, path, moment) of requests not answered yet
        self._unread = b""
        self._last_end = self._last_received = 0.0

    # ---- sending

    def send(self, *pieces, pause=0.0):
        """Sends the pieces one by one with a pause in between. Returns the moment before the first."""
        moment = time.monotonic()
        for index, piece in enumerate(pieces):
            if index and pause:
                time.sleep(pause)
            self.socket.sendall(piece)
        return moment

    def ask(self, method, path, headers=(), body=b"", version="1.1", pieces=None, pause=0.0):
        """Sends a request and remembers it. `pieces` cuts the bytes: a list of cut positions."""
        data = request_bytes(method, path, headers, body, version)
        cuts = [0, *(pieces or []), len(data)]
        self.sent(method, path, self.send(*(data[a:b] for a, b in zip(cuts, cuts[1:])), pause=pause))

    def sent(self, method, path, moment=None):
        """Remembers a request whose bytes were given to send()."""
        self._asked.append((method, path, moment if moment is not None else time.monotonic()))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST on TCP; on a unix socket the next write of the peer fails all the same."""
        if self.socket.family == socket.AF_INET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.open = False
        self.socket.close()

    # ---- receiving

    def _receive(self, size=65536):
        try:
            data = self.socket.recv(size)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if data:
            self._last_received = time.monotonic()
        return data

    def _until(self, mark):
        while (match := mark.search(self._unread)) is None:
            data = self._receive()
            if not data:
                return None
            self._unread += data
        line, self._unread = self._unread[:match.start()], self._unread[match.end():]
        return line

    def receive(self, size=1 << 20, pause=0.0):
        """The next final response, or None when the server closed without one. `size` and `pause` make a slow
        reader: so many bytes at once, so long between."""
        interim = []
        while True:
            head = self._until(_HEAD_END)
            if head is None:
                return None
            line, *fields = _LINE_END.split(head.rstrip(b"\r"))
            match = _STATUS.match(line)
            assert match, f"no status line: {line[:200]!r}"
            if match[1][:1] != b"1" or match[1] == b"101":
                break
            interim.append(int(match[1]))
        headers = {name.strip().lower(): value.strip() for name, _, value in (f.decode("latin-1").partition(":") for f in fields)}
        method, path, asked = self._asked.pop(0) if self._asked else ("invalid", "invalid", time.monotonic())
        response = Response(int(match[1]), headers, interim, method, path, max(asked, self._last_end))
        self._body(response, size, pause)
        # What this client takes for parsing is not the server's time.
        response.ended = self._last_end = self._last_received
        self.responses.append(response)
        return response

    def _body(self, response, size, pause):
        if response.method == "HEAD" or response.status in (101, 204, 304):
            return
        if "chunked" in response.headers.get("transfer-encoding", "").lower():
            self._chunks(response)
        elif "content-length" in response.headers:
            self._take(response, int(response.headers["content-length"]), size, pause)
        else:
            self._take(response, None, size, pause)

    def _take(self, response, length, size=1 << 20, pause=0.0):
        """Takes `length` bytes of body, or everything until the server closes."""
        left = length
        while left is None or left > 0:
            if not self._unread:
                if pause:
                    time.sleep(pause)
                self._unread = self._receive(size)
                if not self._unread:
                    response.complete = response.complete and left is None
                    return
            piece = self._unread if left is None else self._unread[:left]
            self._unread = self._unread[len(piece):]
            response.length += len(piece)
            if len(response.body) < 65536:
                response.body += piece
            if left is not None:
                left -= len(piece)

    def _chunks(self, response):
        while True:
            line = self._until(_LINE_END)
            if line is None:
                response.complete = False
                return
            size = int(line.split(b";")[0], 16)
            if size == 0:
                response.complete = self._until(_LINE_END) == b""
                return
            self._take(response, size)
            if not response.complete or self._until(_LINE_END) is None:
                response.complete = False
                return

    def exchange(self, method, path, **details):
        """One request and its response, which must come."""
        self.ask(method, path, **details)
        response = self.receive()
        assert response is not None, f"no answer to {method} {path}"
        return response

    def rest(self):
        """Reads until the server closes: all further responses."""
        found = []
        while (response := self.receive()) is not None:
            found.append(response)
        return found

    def drop_unasked(self, seconds=0.05):
        """Throws away what came, and comes, without being asked for."""
        self.socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            while self._receive():
                pass
        self.socket.settimeout(PATIENCE)
        self._unread = b""

    def closed_by_server(self, seconds=5.0):
        """True when the server closes within that time without sending another byte."""
        self.socket.settimeout(seconds)
        try:
            return self._unread == b"" and self._receive() == b""
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request_bytes(method, path, headers=(), body=b"", version="1.1"):
    """A request as it goes over the wire. Content-Length is added for a body unless chunked is asked for."""
    lines = [f"{method} {path} HTTP/{version}", "Host: test"]
    lines += [f"{name}: {value}" for name, value in (headers.items() if isinstance(headers, dict) else headers)]
    chunked = any("chunked" in line.lower() for line in lines)
    if body and not chunked:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*pieces):
    """Pieces of a body in chunked coding, with the closing chunk."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
