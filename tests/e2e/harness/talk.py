# SPDX-License-Identifier: BSD-2-Clause
"""Requests of any bytes to one server, which decides what it takes, and what came back."""

import contextlib
import time

from .ledger import STAY_SECONDS, from_wire, gained
from .processes import wait_for
from .wire import Connection


class Talk:
    """Connections to one server, and what was on their wire."""

    def __init__(self, address):
        self.address, self.connections = address, []

    def open(self):
        self.connections.append(Connection(self.address))
        return self.connections[-1]

    def ask(self, connection, head, body=b""):
        """One request; False: the server has closed."""
        method, path = head.split(b" ")[:2]
        connection.sent(method.decode(), path.decode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(head + b"\r\n\r\n" + body)
        return connection.receive() is not None

    def case(self, fields, body):
        """A request with these fields, and three others behind it while the server goes on."""
        connection = self.open()
        going_on = self.ask(connection, b"POST /is-404 HTTP/1.1\r\nHost: x\r\n" + fields, body)
        for method, path in (b"HEAD", b"/is-200"), (b"GET", b"/is-418"), (b"GET", b"/is-503"):
            going_on = going_on and self.ask(connection, method + b" " + path + b" HTTP/1.1\r\nHost: x")
        connection.close()

    def wanted(self):
        return from_wire(self.connections).counts


def settled(exporter, before, wanted):
    """What was counted since `before`, once it is as much as is wanted, and stays so."""
    wait_for(lambda: gained(before, exporter.scrape()).get("connections http", 0) >= wanted.get("connections http", 0), "the closes")
    time.sleep(STAY_SECONDS)
    return gained(before, exporter.scrape())
