# SPDX-License-Identifier: BSD-2-Clause
"""The ASGI twin of apps.py: the same paths with the same answers, and a WebSocket."""

import asyncio
import json
import logging
import os
import time
from urllib.parse import parse_qs

import apps


async def answer(send, status, body=b"", headers=(), length=True):
    fields = [(b"content-type", b"text/plain"), *headers]
    if length:
        fields.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def ok(send, value):
    await answer(send, 200, json.dumps(value).encode())


async def hello(receive, send, query):
    await answer(send, 200, b"hello, world\n")


async def chunks(receive, send, query):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for number in range(int(query.get("n", 3))):
        await send({"type": "http.response.body", "body": b"piece %d\n" % number, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def big(receive, send, query):
    entered, body = time.monotonic(), b"x" * (int(query.get("mb", 3)) * 1_000_000)
    await answer(send, 200, body)
    apps.note(name=f"big {len(body)}", entered=entered, left=time.monotonic())


async def sleep(receive, send, query):
    await asyncio.sleep(float(query.get("s", 0.3)))
    await hello(receive, send, query)


async def block(receive, send, query):
    time.sleep(float(query["s"]))  # the whole loop stands still
    await ok(send, None)


async def unavailable(receive, send, query):
    await answer(send, 503, b"later\n")


async def fail(receive, send, query):
    raise ValueError("as asked")


async def get_over(receive, send, query):
    try:
        apps.fail_key(None, None, query)
    except KeyError:
        logging.getLogger(query["logger"]).exception("it does not matter: %s", "/get-over")
    await answer(send, 200, b"x" * (int(query.get("mb", 0)) * 1_000_000) + b"fine\n", length=False)


async def fail_late(receive, send, query):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"the head is out\n", "more_body": True})
    raise ValueError("after the head")


async def empty(receive, send, query):
    await answer(send, 204, length=False)


async def unmodified(receive, send, query):
    await answer(send, 304, headers=[(b"etag", b'"x"')], length=False)


async def read(receive, send, query):
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await ok(send, length)


async def pid(receive, send, query):
    await ok(send, os.getpid())


ROUTES = {
    "/block": block,
    "/hello": hello, "/chunks": chunks, "/big": big, "/sleep": sleep, "/unavailable": unavailable, "/raise": fail,
    "/get-over": get_over, "/raise-late": fail_late, "/empty": empty, "/unmodified": unmodified, "/read": read, "/unread": hello, "/pid": pid,
}


async def websocket(receive, send):
    """Echoes text frames until the client leaves."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        return await websocket(receive, send)
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    handler = ROUTES.get(scope["path"])
    if handler is None:
        return await answer(send, 404, b"no such page\n")
    await handler(receive, send, query)
