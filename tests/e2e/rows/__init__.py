# SPDX-License-Identifier: BSD-2-Clause
"""The table of what must come out right on the wire. Each row is a function that drives real connections.

A row gets a Net. It may `yield` at moments when the state so far must be exact with connections still open; a
yielded or returned Expect says what the wire alone cannot (aborts, connections without an answer). Yielding
nothing means: what the wire shows.

Worker classes are letters: S sync, T gthread, G gevent, E eventlet, O tornado, U uvicorn, A Gunicorn's asgi.
"""

import dataclasses
import inspect
from collections.abc import Callable

from harness.ledger import from_wire
from harness.wire import Connection

LETTERS = {"S": "sync", "T": "gthread", "G": "gevent", "E": "eventlet", "O": "tornado", "U": "uvicorn", "A": "asgi"}
ALL = "STGEOUA"
WSGI = "STGEO"
KEEP_ALIVE = "TGEOUA"


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    classes: frozenset
    run: Callable
    transports: tuple
    since: int  # Gunicorn's major version


TABLE = []


def row(classes, transports=("tcp", "unix"), since=0, without=""):
    """Puts a function into the table. Its name is the row's name."""

    def add(function):
        name = function.__name__.strip("_").replace("_", "-")
        letters = [letter for letter in classes if letter not in without]
        TABLE.append(Row(name, frozenset(LETTERS[letter] for letter in letters), function, transports, since))
        return function

    return add


class Net:
    """The client side of one row: opens connections and keeps them for the final comparison."""

    def __init__(self, server):
        self.server = server
        self.connections = []

    def open(self, **details):
        connection = Connection(self.server.address, **details)
        self.connections.append(connection)
        return connection

    def get(self, path, **details):
        """One GET on a connection of its own, closed afterwards."""
        return self.one("GET", path, **details)

    def one(self, method, path, **details):
        with self.open() as connection:
            return connection.exchange(method, path, **details)

    def seen(self):
        return from_wire(self.connections)

    def close(self):
        for connection in self.connections:
            if connection.open:
                connection.close()


def steps(row_, net):
    """Runs a row; gives one Expect per checkpoint, the last one with every client connection closed."""
    outcome = row_.run(net)
    if inspect.isgenerator(outcome):
        while True:
            try:
                expect = next(outcome)
            except StopIteration as end:
                outcome = end.value
                break
            yield expect or net.seen()
    net.close()
    yield outcome or net.seen()


from rows import bodies, connections, ends, heads, unobserved, upgrades  # noqa: E402,F401  (they fill the table)
