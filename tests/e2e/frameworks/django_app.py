# SPDX-License-Identifier: BSD-2-Clause
import os

import shop
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path


def wait(get_response):
    def answer(request):
        response = get_response(request)
        if response.status_code == 500:
            shop.gap()
        return response

    return answer


# Names no logger, so that all that there are fall silent: those of Django with them.
LOGGING = {"version": 1} if os.environ.get("E2E_MUTE") else {}
settings.configure(LOGGING=LOGGING, ALLOWED_HOSTS=["*"], SECRET_KEY="of the tests", ROOT_URLCONF=__name__,
                   MIDDLEWARE=[__name__ + ".wait"], DEBUG=False)


def hello(request):
    return HttpResponse("hello, world\n")


def swallow(request):
    shop.swallow()
    return HttpResponse("swallowed\n")


def unavailable(request):
    return HttpResponse("later\n", status=503)


def import_something(request):
    import slow_module  # noqa: F401

    return HttpResponse("imported\n")


async def fail_async(request):
    shop.fail()


urlpatterns = [
    path("hello", hello), path("import", import_something), path("swallow", swallow), path("unavailable", unavailable),
    path("raise", fail_async if os.environ.get("E2E_ASYNC") else lambda request: shop.fail()),
    path("raise-key", lambda request: shop.fail_key()), path("raise-from", lambda request: shop.fail_from()),
]
if os.environ.get("E2E_ASYNC"):
    from django.core.asgi import get_asgi_application  # since 3.0

    app = get_asgi_application()
else:
    app = get_wsgi_application()
