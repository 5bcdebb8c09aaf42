# SPDX-License-Identifier: BSD-2-Clause
"""Answers by somebody else than the worker's own code on the worker's own descriptor: "/dup", "/fork", "/process", and "/late-dup" and
"/late-fork" after Gunicorn has closed the connection; "/body" and "/late-body" leave the body to a child. "/bystander" forks a child
that only holds the connection."""

import multiprocessing
import os
import threading
import time

LATE = 0.3  # seconds
ANSWER = b"HTTP/1.1 503 From Elsewhere\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


def in_child(what):
    child = os.fork()
    if not child:
        try:
            what()
        finally:
            os._exit(0)
    return child


def later(what):
    time.sleep(LATE)
    what()


def by_dup(fd):
    copy = os.dup(fd)
    os.write(copy, ANSWER)
    os.close(copy)


def by_late_dup(fd):
    copy = os.dup(fd)

    def answer():
        os.write(copy, ANSWER)
        os.close(copy)

    threading.Thread(target=later, args=(answer,)).start()


def by_fork(fd):
    os.waitpid(in_child(lambda: os.write(fd, ANSWER)), 0)


def by_process(fd):
    process = multiprocessing.get_context("fork").Process(target=os.write, args=(fd, ANSWER))
    process.start()
    process.join()


def by_late_fork(fd):
    in_child(lambda: later(lambda: os.write(fd, ANSWER)))


def body(fd, wait):
    yield b""  # sends the head
    child = in_child(lambda: later(lambda: os.write(fd, b"hello")) if not wait else os.write(fd, b"hello"))
    if wait:
        os.waitpid(child, 0)


ANSWERS = {"/dup": by_dup, "/late-dup": by_late_dup, "/fork": by_fork, "/process": by_process, "/late-fork": by_late_fork}


def app(environ, start_response):
    path, fd = environ["PATH_INFO"], environ["gunicorn.socket"].fileno()
    if path in ANSWERS:
        ANSWERS[path](fd)
        raise StopIteration  # Gunicorn closes without a word
    if path == "/bystander":
        in_child(lambda: later(lambda: None))
    start_response("200 OK", [("Content-Length", "5")])
    return body(fd, path == "/body") if path in ("/body", "/late-body") else [b"hello"]
