# SPDX-License-Identifier: BSD-2-Clause
"""Every row of the table against every worker class that it is for, over TCP and unix sockets."""

import pytest

import rows
from rows.check import check_row

COMBINATIONS = [
    ("sync", "tcp"), ("sync", "unix"), ("gthread", "tcp"), ("gthread", "unix"), ("gevent", "tcp"), ("gevent", "unix"),
    ("eventlet", "tcp"), ("tornado", "tcp"), ("uvicorn", "tcp"),
]
GUNICORN = 20  # the base system's major version


def cases():
    for worker_class, transport in COMBINATIONS:
        for row in rows.TABLE:
            if worker_class in row.classes and transport in row.transports and row.since <= GUNICORN:
                yield pytest.param(worker_class, transport, row, id=f"{worker_class}-{transport}-{row.name}")
        yield pytest.param(worker_class, transport, None, id=f"{worker_class}-{transport}-nothing-left")


@pytest.mark.clock
@pytest.mark.parametrize("worker_class, transport, row", cases())
def test_row(services, worker_class, transport, row):
    check_row(services.get(worker_class, transport), row)
