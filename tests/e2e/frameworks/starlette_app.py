# SPDX-License-Identifier: BSD-2-Clause
import asyncio
import time

import shop
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route


tasks = []  # the loop itself does not keep them


async def hello(request):
    return PlainTextResponse("hello, world\n")


async def swallow(request):
    shop.swallow()
    return PlainTextResponse("swallowed\n")


async def unavailable(request):
    return PlainTextResponse("later\n", status_code=503)


async def fail(request):
    shop.fail()


async def fail_key(request):
    shop.fail_key()


def fail_from(request):  # in a thread of the pool
    shop.fail_from()


async def either(request):
    if "fail" in request.query_params:
        shop.fail()
    return PlainTextResponse("later\n", status_code=503)


async def handled(request):
    raise OSError("which has a handler")


async def on_os_error(request, error):
    return PlainTextResponse("sorry\n", status_code=500)


class SoldOut(Exception):
    pass


async def sold_out(request):
    raise SoldOut


async def sold_out_late(request):
    async def pieces():
        yield "the head is out\n"
        raise SoldOut

    return StreamingResponse(pieces())


async def give_up(request):
    raise HTTPException(503)


async def unavailable_slowly(request):
    await asyncio.sleep(shop.GAP_SECONDS)
    return PlainTextResponse("later\n", status_code=503)


async def fail_after_a_gap():
    await asyncio.sleep(shop.GAP_SECONDS)
    raise LookupError("nobody waits for it")


async def failing_afterwards(request):
    return PlainTextResponse("fine\n", background=BackgroundTask(fail_after_a_gap))


async def log_failures():
    end = time.monotonic() + shop.NOISE_SECONDS
    while time.monotonic() < end:
        shop.log_failure()
        await asyncio.sleep(0.001)


async def noise(request):
    tasks.append(asyncio.create_task(log_failures()))
    return PlainTextResponse("soon\n")


app = Starlette(routes=[
    Route("/hello", hello), Route("/swallow", swallow), Route("/unavailable", unavailable), Route("/raise", fail),
    Route("/noise", noise), Route("/failing-afterwards", failing_afterwards), Route("/handled", handled),
    Route("/unavailable-slowly", unavailable_slowly), Route("/raise-key", fail_key), Route("/raise-from", fail_from),
    Route("/sold-out", sold_out), Route("/sold-out-late", sold_out_late), Route("/give-up", give_up),
    Route("/either", either), Mount("/mounted", routes=[Route("/raise-key", fail_from)]),
], exception_handlers={OSError: on_os_error})
