# SPDX-License-Identifier: BSD-2-Clause
"""The application behind test_stacks.py: /sleep?1.5 and /burn?1.5 spend that many seconds on the lines that say so."""
import time
import types


def sleep_here(seconds):
    time.sleep(seconds)  # the sleeping line


def burn_here(seconds):
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:  # burning
        count += 1  # burning
        count = count * 3 % 1000003  # burning


def hostile(seconds):
    def template(duration):
        time.sleep(duration)

    code = template.__code__.replace(co_name="pay;\x1b[31m\nnow", co_filename="/srv/shop;1\n\x1b.py")
    if hasattr(code, "co_qualname"):
        code = code.replace(co_qualname="pay;\x1b[31m\nnow")
    types.FunctionType(code, globals())(seconds)


WORK = {"/sleep": sleep_here, "/burn": burn_here, "/hostile": hostile}


def app(environ, start_response):
    if work := WORK.get(environ["PATH_INFO"]):
        work(float(environ["QUERY_STRING"]))
    start_response("200 OK", [("Content-Length", "3")])
    return [b"ok\n"]
