# SPDX-License-Identifier: BSD-2-Clause
"""Runs one row against one service and holds the metrics against the wire."""

import time

from harness.ledger import WrongDuration, check_consistent, settle
from harness.processes import wait_for
from rows import Net, steps


ATTEMPTS = 7


def check_row(service, row):
    if row is None:
        return nothing_left(service)
    for attempt in range(ATTEMPTS):
        try:
            return _once(service, row)
        except WrongDuration:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(min(0.5 * 3**attempt, 5))  # what else the machine is doing may take seconds


def _once(service, row):
    net = Net(service.server)
    before = service.exporter.scrape()
    try:
        for expect in steps(row, net):
            settle(service.exporter, before, expect)
    finally:
        net.close()


def nothing_left(service):
    """All clients have closed: no connection is in any map, and nothing was lost on the way."""
    name = "gunicorn_bpf_exporter_map_entries"
    wait_for(lambda: service.exporter.scrape().total(name, map="connections") == 0,
             lambda: f"{service.exporter.scrape().select(name)}")
    check_consistent(service.exporter.scrape())
