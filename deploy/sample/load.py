# SPDX-License-Identifier: BSD-2-Clause
"""Sends light load to the sample application until it ends, and reloads it once: load.py HOST:PORT MASTER_PID."""

import http.client
import os
import signal
import sys
import threading
import time

# One round takes about three seconds and contains mostly successes and each kind of failure.
ROUND = ["/fast"] * 8 + ["/slow", "/burn", "/nowhere", "/fast", "/burn", "/unavailable", "/broken", "/fast"]
PAUSE_SECONDS = 0.12
CLIENTS = 2  # one for each worker, so that both appear in the metrics
RELOAD_AFTER_SECONDS = 4  # by then the first workers have served some requests


def ask(address, path):
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass  # a worker that is being replaced; the next one answers
    finally:
        connection.close()


def go_round(address):
    while True:
        for path in ROUND:
            ask(address, path)
            time.sleep(PAUSE_SECONDS)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: load.py HOST:PORT MASTER_PID")
    address, master = sys.argv[1], int(sys.argv[2])
    for _ in range(CLIENTS):
        threading.Thread(target=go_round, args=(address,), daemon=True).start()
    time.sleep(RELOAD_AFTER_SECONDS)
    os.kill(master, signal.SIGHUP)  # replaces both workers
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
