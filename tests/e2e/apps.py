# SPDX-License-Identifier: BSD-2-Clause
"""The WSGI application that the end-to-end tests serve. Standard library only; runs on Python 3.9 to 3.14."""

import contextlib
import ctypes
import gc
import http.client
import http.server
import json
import logging
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from urllib.parse import parse_qs

if os.path.exists(os.path.join(os.path.dirname(os.environ["E2E_NOTES"]), "broken")):
    raise RuntimeError("this application was broken by the test")

TEXT = ("Content-Type", "text/plain")


def note(**fields):
    """Leaves a line for the test, written with one system call."""
    with open(os.environ["E2E_NOTES"], "a", encoding="ascii") as file:
        file.write(json.dumps(fields) + "\n")


class Timed:
    """A body that notes when the server had taken and written all of it (PEP 3333 calls close() then)."""

    def __init__(self, pieces, name):
        self.pieces, self.name, self.entered = pieces, name, time.monotonic()

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        note(name=self.name, entered=self.entered, left=time.monotonic())


def answer(start_response, status, body=b"", headers=()):
    start_response(status, [TEXT, ("Content-Length", str(len(body))), *headers])
    return [body]


def ok(start_response, value):
    return answer(start_response, "200 OK", json.dumps(value).encode())


def hello(environ, start_response, query):
    return answer(start_response, "200 OK", b"hello, world\n")


def chunks(environ, start_response, query):
    start_response("200 OK", [TEXT])
    return (b"piece %d\n" % number for number in range(int(query.get("n", 3))))


def big(environ, start_response, query):
    size = int(query.get("mb", 3)) * 1_000_000
    start_response("200 OK", [TEXT, ("Content-Length", str(size))])
    return Timed([b"x" * size], f"big {size}")


def file(environ, start_response, query):
    content = tempfile.TemporaryFile()
    content.write(b"y" * int(query.get("size", 300_000)))
    content.seek(0)
    headers = [TEXT]
    if query.get("length") != "no":
        headers.append(("Content-Length", query.get("size", "300000")))
    start_response("200 OK", headers)
    return environ["wsgi.file_wrapper"](content)


def hints(environ, start_response, query):
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    return hello(environ, start_response, query)


def sleep(environ, start_response, query):
    time.sleep(float(query.get("s", 0.3)))
    return hello(environ, start_response, query)


def missing(environ, start_response, query):
    return answer(start_response, "404 Not Found", b"no such page\n")


def unavailable(environ, start_response, query):
    return answer(start_response, "503 Service Unavailable", b"later\n")


def fail(environ, start_response, query):
    raise ValueError("as asked")


class LookupFailed(Exception):
    pass


def fail_made(environ, start_response, query):
    raise type(query.get("name") or os.environ["E2E_EXCEPTION"], (Exception,), {})


def fail_key(environ, start_response, query):
    return {}["no such key"]


def fail_from(environ, start_response, query):
    try:
        return {}["no such key"]
    except KeyError as error:
        raise LookupFailed("chained") from error


def refuse(environ, start_response, query):
    """Answers while it handles what is called like one of Gunicorn's own."""
    class InvalidHeader(Exception):
        pass

    try:
        raise InvalidHeader
    except InvalidHeader:
        start_response("400 Bad Request", [TEXT, ("Content-Length", "4")])(b"bad\n")
    return []


def swallow(environ, start_response, query):
    """What was caught is over when the response is written."""
    with contextlib.suppress(KeyError):
        fail_key(environ, start_response, query)
    return ok(start_response, "swallowed")


def get_over(environ, start_response, query):
    """Says so by a logger that servers use, and answers up to the end of the connection."""
    try:
        fail_key(environ, start_response, query)
    except KeyError:
        logging.getLogger(query["logger"]).exception("it does not matter: %s", environ["PATH_INFO"])
    start_response("200 OK", [TEXT])
    return [b"x" * (int(query.get("mb", 0)) * 1_000_000), b"fine\n"]


def fail_late(environ, start_response, query):
    headers = [TEXT] + ([("Content-Length", "1000")] if query.get("length") else [])
    start_response("200 OK", headers)

    def pieces():
        yield b"the head is out\n"
        raise ValueError("after the head")

    return pieces()


def empty(environ, start_response, query):
    start_response("204 No Content", [])
    return []


def unmodified(environ, start_response, query):
    start_response("304 Not Modified", [("ETag", '"x"')])
    return []


def read(environ, start_response, query):
    length = 0
    while piece := environ["wsgi.input"].read(65536):
        length += len(piece)
    return ok(start_response, length)


def burn(environ, start_response, query):
    end = time.monotonic() + float(query.get("s", 1))
    while time.monotonic() < end:
        pass
    return ok(start_response, os.getpid())


def pid(environ, start_response, query):
    return ok(start_response, os.getpid())


def fork(environ, start_response, query):
    """A child that holds all that the worker holds."""
    child_pid = os.fork()
    if not child_pid:
        time.sleep(60)
        os._exit(0)
    return ok(start_response, child_pid)


def die(environ, start_response, query):
    how = query.get("how", "exit")
    if how == "exit":
        os._exit(7)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    ctypes.string_at(0)


def hog(environ, start_response, query):
    """Takes more memory than its group allows."""
    return ok(start_response, len(b"x" * (int(query["mb"]) << 20)))


def outgoing(environ, start_response, query):
    """Another HTTP request from inside this one; answers with the other's status and the socket's number."""
    connection = http.client.HTTPConnection("127.0.0.1", int(query["port"]))
    connection.request("GET", "/elsewhere")
    number = connection.sock.fileno()
    status = connection.getresponse().status
    connection.close()
    return ok(start_response, {"status": status, "fd": number})


def child(environ, start_response, query):
    said = subprocess.run(["/bin/sh", "-c", "echo HTTP/1.1 500 from a child"], stdout=subprocess.PIPE, check=True).stdout
    return ok(start_response, said.decode())


class _Sidecar(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def sidecar(environ, start_response, query):
    """Starts an HTTP server in a thread of the worker; answers with its port."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Sidecar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return ok(start_response, server.server_port)


def noise(environ, start_response, query):
    """Every other kind of descriptor, with bytes that look like HTTP."""
    request, response = b"GET /phantom HTTP/1.1\r\n\r\n", b"HTTP/1.1 500 Phantom\r\nContent-Length: 0\r\n\r\n"
    for left, right in (socket.socketpair(), socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)):
        left.sendall(request), right.recv(100), right.sendall(response), left.recv(100)
        left.close(), right.close()
    reader, writer = os.pipe()
    os.write(writer, request + response), os.read(reader, 200)
    os.close(reader), os.close(writer)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.sendto(response, ("127.0.0.1", 9))
    with tempfile.TemporaryFile() as file:
        file.write(request + response), file.seek(0), file.read()
    environ["wsgi.errors"].write("HTTP/1.1 500 in the log\n")
    return hello(environ, start_response, query)


def collect(environ, start_response, query):
    """Runs the garbage collector; says how long that took, and how often it ran by itself meanwhile."""
    begun, seconds = [0.0], [0.0]

    def timed(phase, _):
        if phase == "start":
            begun[0] = time.monotonic()
        else:
            seconds[0] += time.monotonic() - begun[0]

    before = gc.get_stats()
    gc.callbacks.append(timed)
    for _ in range(int(query["times"])):
        gc.collect()
    gc.callbacks.remove(timed)
    others = [after["collections"] - then["collections"] for after, then in zip(gc.get_stats()[:2], before)]
    return ok(start_response, {"seconds": seconds[0], "others": others})


ROUTES = {
    "/collect": collect,
    "/hog": hog, "/fork": fork,
    "/hello": hello, "/chunks": chunks, "/big": big, "/file": file, "/sleep": sleep, "/unavailable": unavailable,
    "/raise": fail, "/raise-key": fail_key, "/raise-from": fail_from, "/raise-made": fail_made, "/raise-late": fail_late,
    "/get-over": get_over, "/swallow": swallow, "/refuse": refuse, "/empty": empty, "/unmodified": unmodified, "/read": read,
    "/unread": hello, "/bold": hello, "/burn": burn, "/pid": pid, "/die": die, "/outgoing": outgoing, "/child": child,
    "/sidecar": sidecar, "/noise": noise, "/hints": hints,
}


def app(environ, start_response):
    query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    handler = ROUTES.get(environ["PATH_INFO"])
    if handler is None:
        handler = missing
    body = handler(environ, start_response, query)
    # No body goes with HEAD; /bold is an application that does not know that.
    return [] if environ["REQUEST_METHOD"] == "HEAD" and environ["PATH_INFO"] != "/bold" else body
