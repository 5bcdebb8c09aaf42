# SPDX-License-Identifier: BSD-2-Clause
"""The ASGI twin of bytes_app.py."""

import bytes_app


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    status, fields, pieces = bytes_app.answer(scope["method"], scope["path"])
    headers = [(name.lower().encode(), value.encode()) for name, value in fields]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
