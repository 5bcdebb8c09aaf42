# SPDX-License-Identifier: BSD-2-Clause
"""The application behind test_trace.py: a request is made of the steps that its query names, and its answer says how long
each of them took, by the application's own clocks.

/steps?do=sleep:0.1,burn:0.1,socket:0.1:127.0.0.1:5432,lock:0.05    X-Step: <name> <seconds of wall clock> <of CPU>
"""

import gc
import json
import os
import select
import socket
import threading
import time
import urllib.parse


def sleep(seconds):
    time.sleep(float(seconds))


def select_nothing(seconds):
    select.select([], [], [], float(seconds))


def burn(seconds):
    """Takes so much time on a processor, however long that lasts."""
    end = time.thread_time() + float(seconds)
    while time.thread_time() < end:
        pass


def wall(seconds):
    """Keeps busy for so long, on a processor or waiting for one."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        pass


def _ask(connection, seconds):
    """The other side (test_trace.py, Slow) answers after so many seconds."""
    connection.sendall(f"{seconds}\n".encode())
    assert connection.recv(16) == b"done\n"


def connect(seconds, host, port):
    with socket.create_connection((host, int(port))) as connection:
        _ask(connection, seconds)


def six(seconds, port):
    connect(seconds, "::1", port)


def timed(seconds, host, port):
    """With a timeout: Python waits in poll() then."""
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        _ask(connection, seconds)


def selected(seconds, host, port):
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{seconds}\n".encode())
        select.select([connection], [], [])
        assert connection.recv(16) == b"done\n"


def unix(seconds, *path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(":".join(path))
        _ask(connection, seconds)


def lock(seconds):
    """Another thread holds it for so long."""
    held, wanted = threading.Lock(), threading.Event()

    def hold():
        with held:
            wanted.set()
            time.sleep(float(seconds))

    thread = threading.Thread(target=hold)
    thread.start()
    wanted.wait()
    with held:
        pass
    thread.join()


def fsync(megabytes, path):
    with open(path, "wb", buffering=0) as file:
        file.write(os.urandom(1 << 20) * int(megabytes))
        os.fsync(file.fileno())


def pipe(seconds):
    """A child's output."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        time.sleep(float(seconds))
        os.write(writer, b"x")
        os._exit(0)
    os.read(reader, 1)
    os.waitpid(pid, 0)
    os.close(reader), os.close(writer)


def litter(objects):
    """Garbage that only the collector finds, and that it does not look for before it is told to."""
    gc.disable()
    for _ in range(int(objects)):
        itself = []
        itself.append(itself)


def collect():
    gc.collect()
    gc.enable()


STEPS = {"litter": litter, "collect": collect, "sleep": sleep, "select": select_nothing, "burn": burn, "wall": wall,
         "connect": connect, "six": six, "timed": timed, "selected": selected,
         "unix": unix, "lock": lock, "fsync": fsync, "pipe": pipe}


def run(text):
    """Runs the steps; what each took: name, wall clock, this thread's CPU."""
    took = []
    for step in filter(None, text.split(",")):
        name, *arguments = step.split(":")
        begun, cpu = time.monotonic(), time.thread_time()
        STEPS[name](*arguments)
        took.append((name, time.monotonic() - begun, time.thread_time() - cpu))
    return took


def query_of(environ):
    return {key: values[0] for key, values in urllib.parse.parse_qs(environ.get("QUERY_STRING", "")).items()}


def app(environ, start_response):
    query = query_of(environ)
    if environ["PATH_INFO"] == "/raise":
        raise LookupError("as asked")
    if environ["PATH_INFO"] == "/die":
        time.sleep(float(query.get("after", 0)))
        os._exit(7)
    begun, cpu = time.monotonic(), time.thread_time()
    if environ["PATH_INFO"] == "/upload":
        while environ["wsgi.input"].read(65536):
            pass
    took = run(query.get("do", ""))
    took.append(("all", time.monotonic() - begun, time.thread_time() - cpu))
    body = b"x" * int(query.get("bytes", 3))
    status = query.get("status", "200 OK")
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("X-Steps", json.dumps(took))])
    return [body]
