# SPDX-License-Identifier: BSD-2-Clause
"""The application behind the recording of a mixed load: a shop on Django, whose pages take much code of several libraries."""

import decimal
import email.message
import json
import re
import time

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.template import Context, Engine
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="of the tests", ROOT_URLCONF=__name__, DEBUG=False,
                   MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
                               "django.middleware.gzip.GZipMiddleware", "django.middleware.http.ConditionalGetMiddleware"])

ITEMS = [{"name": f"item {number}", "price": decimal.Decimal(number) / 7, "tags": [f"tag-{number % 9}", "new"]} for number in range(120)]
PAGE = """<ul>{% for item in items %}<li class="{% cycle 'odd' 'even' %}">{{ item.name|title }} {{ item.price|floatformat:2 }}
{% if item.tags %}{% for tag in item.tags %}<b>{{ tag|upper|escape }}</b>{% endfor %}{% endif %}</li>{% endfor %}</ul>"""
engine = Engine()


def hello(request):
    return HttpResponse("hello, world\n")


def item(request, number):
    return JsonResponse({"item": number})


def page(request):
    """Compiled each time, as by an application that forgot the cache."""
    return HttpResponse(engine.from_string(PAGE).render(Context({"items": ITEMS})))


def search(request):
    found = [each for each in ITEMS if re.search(rf"{request.GET['q']}\d?$", each["name"])]
    message = email.message.EmailMessage()
    message["Subject"] = f"{len(found)} found"
    message.set_content(json.dumps(found, default=str, indent=1))
    return HttpResponse(message.as_bytes())


def slow(request, milliseconds):
    time.sleep(milliseconds / 1000)
    return HttpResponse("at last\n")


def fail(request):
    return HttpResponse(str(ITEMS[len(ITEMS)]))


def fail_key(request, name):
    return HttpResponse(ITEMS[0][name])


def unavailable(request):
    return HttpResponse("later\n", status=503)


urlpatterns = [path("hello", hello), path("items/<int:number>", item), path("page", page), path("search", search),
               path("slow/<int:milliseconds>", slow), path("fail", fail), path("fail/<name>", fail_key), path("unavailable", unavailable)]
app = get_wsgi_application()
