# SPDX-License-Identifier: BSD-2-Clause
"""Clients that ask a Gunicorn for one thing after another, and know what they were answered."""

import collections
import itertools
import threading
import time

from harness.wire import Connection


class Load:
    """Until stop(), so many clients walk through `paths` in turn, each on connections of ten requests. `answered`
    counts status codes."""

    def __init__(self, address, paths, clients=2, pause=0.0):
        self.address, self.pause = address, pause
        self.answered = collections.Counter()
        self.failures = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(itertools.islice(itertools.cycle(paths), number, None),))
                         for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, paths):
        try:
            while not self._ended.is_set():
                with Connection(self.address) as connection:
                    self._walk(connection, paths)
        except (OSError, AssertionError) as failure:
            self.failures.append(failure)

    def _walk(self, connection, paths):
        for path in itertools.islice(paths, 10):
            connection.ask("GET", path)
            response = connection.receive()
            if response is None:
                return
            with self._lock:
                self.answered[response.status] += 1
            time.sleep(self.pause)
            if self._ended.is_set() or response.headers.get("connection") == "close":
                return

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()
        assert not self.failures, self.failures

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def ask(address, *paths):
    """One request for each path, each on a connection of its own. Returns the status codes."""
    found = []
    for path in paths:
        with Connection(address) as connection:
            found.append(connection.exchange("GET", path).status)
    return found
