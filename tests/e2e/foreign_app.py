# SPDX-License-Identifier: BSD-2-Clause
"""Answers by a process that is no child of the worker (descriptor_taker.py, at $E2E_TAKER) and by io_uring: "/passed", "/late-passed"
after Gunicorn has closed the connection, "/passed-body" and "/uring-body" for the body only, "/uring"; "/kept" and "/uring-kept" leave the
connection open for the next request."""

import ctypes
import json
import mmap
import os
import socket
import struct

from gunicorn.workers import gthread

ANSWER = "HTTP/1.1 503 From Elsewhere\r\nContent-Length: 5\r\nConnection: {}\r\n\r\nhello"
LATE = 0.3  # seconds

libc = ctypes.CDLL(None, use_errno=True)
SETUP, ENTER = 425, 426  # system calls, of each architecture
SEND, GET_EVENTS, ENTRY_BYTES = 26, 1, 64  # <linux/io_uring.h>: IORING_OP_SEND, IORING_ENTER_GETEVENTS
RING, COMPLETIONS, ENTRIES = 0, 0x8000000, 0x10000000  # what mmap() takes for a place


class Ring:
    """An instance of io_uring that sends one thing at a time."""

    def __init__(self):
        parameters = ctypes.create_string_buffer(120)
        self.fd = libc.syscall(SETUP, 1, parameters)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "io_uring_setup")
        count, completions = struct.unpack_from("<2I", parameters)
        (self.head, self.tail, _, _, _, _, array), (self.done_head, *_) = (
            struct.unpack_from("<7I", parameters, 40), struct.unpack_from("<7I", parameters, 80))
        self.ring = mmap.mmap(self.fd, array + 4 * count, offset=RING)
        self.completions = mmap.mmap(self.fd, self.done_head + 4096, offset=COMPLETIONS)
        self.entries = mmap.mmap(self.fd, ENTRY_BYTES * count, offset=ENTRIES)

    def send(self, fd, data):
        text = ctypes.create_string_buffer(data, len(data))
        self.entries[:ENTRY_BYTES] = struct.pack("<BBHiQQIIQ24x", SEND, 0, 0, fd, 0, ctypes.addressof(text), len(data), 0, 0)
        (tail,) = struct.unpack_from("<I", self.ring, self.tail)
        struct.pack_into("<I", self.ring, self.tail, tail + 1)
        if libc.syscall(ENTER, self.fd, 1, 1, GET_EVENTS, None, 0) != 1:
            raise OSError(ctypes.get_errno(), "io_uring_enter")
        (head,) = struct.unpack_from("<I", self.completions, self.done_head)
        struct.pack_into("<I", self.completions, self.done_head, head + 1)


def by_ring(fd, text):
    ring = Ring()
    ring.send(fd, text.encode())
    os.close(ring.fd)


def pass_on(fd, text, after=0):
    with socket.socket(socket.AF_UNIX) as taker:
        taker.connect(os.environ["E2E_TAKER"])
        socket.send_fds(taker, [json.dumps({"answer": text, "after": after}).encode()], [fd])
        taker.recv(16)


def body(fd, send):
    yield b""  # sends the head
    send(fd, "hello")


def app(environ, start_response):
    path, fd = environ["PATH_INFO"], environ["gunicorn.socket"].fileno()
    send = by_ring if path.startswith("/uring") else pass_on
    if path in ("/passed", "/uring"):
        send(fd, ANSWER.format("close"))
        raise StopIteration  # Gunicorn closes without a word
    if path == "/late-passed":
        pass_on(fd, ANSWER.format("close"), LATE)
        raise StopIteration
    start_response("200 OK", [("Content-Length", "5")])
    return body(fd, send) if path in ("/passed-body", "/uring-body") else [b"hello"]


def keep(handle_request):
    """Gunicorn always answers itself before it reads the next request. With this it does not."""

    def wrapped(worker, request, connection):
        if request.path not in ("/kept", "/uring-kept"):
            return handle_request(worker, request, connection)
        (by_ring if request.path == "/uring-kept" else pass_on)(connection.sock.fileno(), ANSWER.format("keep-alive"))
        return True

    return wrapped


gthread.ThreadWorker.handle_request = keep(gthread.ThreadWorker.handle_request)
