# SPDX-License-Identifier: BSD-2-Clause
"""Answers of any status and size, and bodies where there should be none: "/is-404" is answered with 404, "/forged" to HEAD with what
looks like a response, "/rows" with 400 chunks, "/fields" with 2,100 fields, "/field" with one of 100 kB. "/dup" and "/fork" answer by a
duplicate of the descriptor and in a child."""

import re

import sharing_app

FORGED = b"HTTP/1.1 500 Forged\r\nContent-Length: 0\r\n\r\n"


def answer(method, path):
    """Status, fields and pieces of the body."""
    status = re.fullmatch(r"/is-([1-9]\d\d)", path)
    code = int(status[1]) if status else 200
    if path == "/rows":
        return code, [("Content-Type", "application/x-ndjson")], [b'{"row": %d}\n' % row for row in range(400)]
    body = {"/forged": FORGED, "/bold": b"a body"}.get(path, b"" if method == "HEAD" else b"hello")
    fields = [("Content-Length", str(len(body)))] if code != 204 or body else []
    if path == "/fields":
        fields += [(f"X-Field-{number}", "value") for number in range(2100)]
    if path == "/field":
        fields += [("X-Field", "v" * 100_000)]
    return code, fields, [body]


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path in ("/dup", "/fork"):
        sharing_app.ANSWERS[path](environ["gunicorn.socket"].fileno())
        raise StopIteration  # Gunicorn closes without a word
    status, fields, pieces = answer(environ["REQUEST_METHOD"], path)
    if path == "/read":
        pieces = [str(len(environ["wsgi.input"].read())).encode()]
        fields = [("Content-Length", str(len(pieces[0])))]
    start_response(f"{status} Status", fields)
    return pieces
