# SPDX-License-Identifier: BSD-2-Clause
"""Ends a request by an exception: /KIND/PLACE. Standard library only."""

import copy
import errno
import socket
import struct

import apps


class Ended(BaseException):
    pass


class DatabaseGone(ConnectionError):
    pass


def _connected():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def refused():
    socket.create_connection(("127.0.0.1", 1), 5)


def silent():
    """A database that answers nothing."""
    client, _server = _connected()
    client.settimeout(0.05)
    client.recv(1)


def reset():
    """A database that resets the connection."""
    client, server = _connected()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    client.recv(1)


def raising(exception):
    def fail():
        raise copy.copy(exception)  # one that is raised again has a longer traceback each time

    return fail


KINDS = {name: raising(exception) for name, exception in {
    "ConnectionError": ConnectionError("the database is down"), "TimeoutError": TimeoutError("as a driver says"),
    "ConnectionResetError": ConnectionResetError("as a driver says"), "BrokenPipeError": BrokenPipeError("as a driver says"),
    "OSError": OSError(errno.EIO, "a disk"), "DatabaseGone": DatabaseGone("gone"), "ValueError": ValueError("as asked"),
    "StopIteration": StopIteration(), "EPIPE": BrokenPipeError(errno.EPIPE, "as a socket says"), "SystemExit": SystemExit(5),
    "KeyboardInterrupt": KeyboardInterrupt(), "GeneratorExit": GeneratorExit(), "Ended": Ended()}.items()}
KINDS |= {"refused": refused, "silent": silent, "reset": reset}


class Body:
    """Fails before its first byte, or when it is closed."""

    def __init__(self, fail, place):
        self.fail, self.place = fail, place

    def __iter__(self):
        return self

    def __next__(self):
        if self.place == "iterator":
            self.fail()
        raise StopIteration

    def close(self):
        if self.place == "close":
            self.fail()


def inner(environ, start_response, fail, place):
    if place == "call":
        fail()
    start_response("200 OK", [("Content-Length", "2")])
    if place == "write":
        fail()  # where it would write()
    return Body(fail, place)


def app(environ, start_response):
    kind, _, place = environ["PATH_INFO"].removeprefix("/").partition("/")
    if kind not in KINDS:
        return apps.app(environ, start_response)
    if place == "middleware":
        KINDS[kind]()
    return inner(environ, start_response, KINDS[kind], place)
