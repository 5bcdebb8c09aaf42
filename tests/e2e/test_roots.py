# SPDX-License-Identifier: BSD-2-Clause
"""Other Gunicorns on other Pythons, from other Debians, in root directories of their own. Each row of the table
meets each version with one of its worker classes at least; some rows meet all."""

import pytest

import rows
from harness.server import WORKER_CLASSES
from rows.check import check_row

SERVERS = {  # suite: (Gunicorn's major version, worker classes)
    "bullseye": (20, ["sync", "gthread", "gevent"]),
    "trixie": (23, ["sync", "gthread", "gevent", "uvicorn"]),
    "sid": (26, ["sync", "gthread", "gevent", "uvicorn", "asgi"]),
}
EVERYWHERE = {"get-with-length", "not-found", "chunked-response", "exception-before-the-head", "keep-alive-with-pauses",
              "early-hints", "websocket", "worker-is-killed-in-a-request"}


def chosen(row, classes):
    """The classes that this row is tried with: all, or one of its own, another for each row. `asgi` meets every row: no
    other system has it."""
    able = [name for name in classes if name in row.classes]
    if row.name in EVERYWHERE or not able:
        return able
    one = able[rows.TABLE.index(row) % len(able)]
    return [name for name in able if name in (one, "asgi")]


def cases():
    for suite, (version, classes) in SERVERS.items():
        for worker_class in classes:
            for row in rows.TABLE:
                if row.since <= version and "tcp" in row.transports and worker_class in chosen(row, classes):
                    yield pytest.param(suite, worker_class, row, id=f"{suite}-{worker_class}-{row.name}")
            yield pytest.param(suite, worker_class, None, id=f"{suite}-{worker_class}-nothing-left")


@pytest.mark.clock
@pytest.mark.parametrize("suite, worker_class, row", cases())
def test_row(services, root_of, suite, worker_class, row):
    assert worker_class in WORKER_CLASSES
    check_row(services.get(worker_class, "tcp", root_of(suite)), row)
