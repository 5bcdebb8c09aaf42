# SPDX-License-Identifier: BSD-2-Clause
"""What goes wrong in the applications of the frameworks, each its own way of turning it into an answer."""

import logging
import time

GAP_SECONDS = 0.003  # between the framework's log record and its answer, as of a rollback
NOISE_SECONDS = 2


class OrderError(Exception):
    pass


def fail():
    raise ValueError("as asked")


def fail_key():
    return {}["no such key"]


def fail_from():
    try:
        fail_key()
    except KeyError as error:
        raise OrderError("chained") from error


def swallow():
    try:
        fail_key()
    except KeyError:
        logging.getLogger("shop").exception("it does not matter")


def log_failure():
    try:
        fail_key()
    except KeyError:
        logging.getLogger("shop.elsewhere").exception("%s has nothing to do with it", "/unavailable-slowly")


def log_failures():
    end = time.monotonic() + NOISE_SECONDS
    while time.monotonic() < end:
        log_failure()
        time.sleep(0.001)


def gap():
    time.sleep(GAP_SECONDS)
