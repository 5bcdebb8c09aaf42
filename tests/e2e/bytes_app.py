# SPDX-License-Identifier: BSD-2-Clause
"""Answers of any status, and bodies where there should be none: "/is-404" is answered with 404, "/forged" to HEAD with what looks like
a response."""

import re

FORGED = b"HTTP/1.1 500 Forged\r\nContent-Length: 0\r\n\r\n"


def app(environ, start_response):
    path = environ["PATH_INFO"]
    status = re.fullmatch(r"/is-([1-9]\d\d)", path)
    body = {"/forged": FORGED, "/bold": b"a body"}.get(path, b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello")
    if path == "/read":
        body = str(len(environ["wsgi.input"].read())).encode()
    start_response(f"{status[1] if status else 200} Status", [("Content-Length", str(len(body)))])
    return [body]
