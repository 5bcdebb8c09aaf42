# SPDX-License-Identifier: BSD-2-Clause
"""A process that is given connections over a unix socket and answers on them: descriptor_taker.py SOCKET. With each descriptor comes a
line of JSON, {"answer": text, "after": seconds}; it says "done" when it has answered."""

import json
import os
import socket
import sys
import threading
import time


def answer(giver):
    with giver:
        request, descriptors, _, _ = socket.recv_fds(giver, 65536, 1)
        told = json.loads(request)
        if told["after"]:
            giver.sendall(b"taken")
            time.sleep(told["after"])
        os.write(descriptors[0], told["answer"].encode())
        os.close(descriptors[0])
        if not told["after"]:
            giver.sendall(b"done")


def main():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


main()
