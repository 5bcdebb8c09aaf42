# SPDX-License-Identifier: BSD-2-Clause
"""A WSGI application with one route for each kind of response that the metrics distinguish."""

import time


def fast():
    return "200 OK", "hello\n"


def slow():
    time.sleep(0.3)
    return "200 OK", "that took a while\n"


def unavailable():
    return "503 Service Unavailable", "said by the application itself\n"


def broken():
    raise ValueError("the application raised this")


def burn():
    until = time.process_time() + 0.1
    turns = 0
    while time.process_time() < until:
        turns += 1
    return "200 OK", f"{turns} turns\n"


def missing():
    return "404 Not Found", "no such page\n"


ROUTES = {"/fast": fast, "/slow": slow, "/unavailable": unavailable, "/broken": broken, "/burn": burn}


def application(environ, start_response):
    status, text = ROUTES.get(environ["PATH_INFO"], missing)()
    body = text.encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
