# SPDX-License-Identifier: BSD-2-Clause
import threading

import shop
from flask import Flask, abort

app = Flask("flask_app")
app.add_url_rule("/raise", "raise", shop.fail)
app.add_url_rule("/raise-key", "raise-key", shop.fail_key)
app.add_url_rule("/raise-from", "raise-from", shop.fail_from)


@app.route("/hello")
def hello():
    return "hello, world\n"


@app.route("/swallow")
def swallow():
    shop.swallow()
    return "swallowed\n"


@app.route("/unavailable")
def unavailable():
    return "later\n", 503


@app.route("/unavailable-slowly")
def unavailable_slowly():
    shop.gap()
    return "later\n", 503


@app.route("/noise")
def noise():
    threading.Thread(target=shop.log_failures, daemon=True).start()
    return "soon\n"


@app.route("/handled")
def handled():
    raise OSError("which has a handler")


@app.errorhandler(OSError)
def on_os_error(error):
    return "sorry\n", 500


@app.route("/forgiven")
def forgiven():
    raise BlockingIOError("which has a handler of its own")


@app.errorhandler(BlockingIOError)
def on_blocking_error(error):
    return "never mind\n"


@app.route("/abort")
def give_up():
    abort(503)


@app.after_request
def wait(response):
    if response.status_code == 500:
        shop.gap()
    return response
