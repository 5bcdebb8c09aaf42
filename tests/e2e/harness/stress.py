# SPDX-License-Identifier: BSD-2-Clause
"""Makes a host as hostile as a busy one to a test that assumes too much: new processes get pids from random places, so that the order
of pids is not the order of forks, and a busy loop takes the processors now and then, for some milliseconds."""

import pathlib
import random
import time

LAST_PID = pathlib.Path("/proc/sys/kernel/ns_last_pid")  # the next process gets the one after it
PIDS = range(400, 32000)


def keep_busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def main():
    burst = 0.0
    while True:
        LAST_PID.write_text(str(random.choice(PIDS)))
        pause = random.uniform(0.005, 0.05)
        time.sleep(pause)
        burst -= pause
        if burst <= 0:
            keep_busy(random.uniform(0.005, 0.06))
            burst = random.uniform(0.3, 2)


if __name__ == "__main__":
    main()
