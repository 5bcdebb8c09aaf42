# SPDX-License-Identifier: BSD-2-Clause
import shop
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/hello")
async def hello():
    return "hello, world\n"


@app.get("/swallow")
async def swallow():
    shop.swallow()
    return "swallowed\n"


@app.get("/unavailable")
async def unavailable():
    return PlainTextResponse("later\n", status_code=503)


@app.get("/raise")
async def fail():
    shop.fail()


@app.get("/raise-key")
async def fail_key():
    shop.fail_key()


@app.get("/raise-from")
def fail_from():
    shop.fail_from()
