# SPDX-License-Identifier: BSD-2-Clause
"""Connections that become something else than HTTP/1."""

import os

from rows import row

HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def text_frame(text):
    """A masked frame (RFC 6455 section 5.2) of less than 126 bytes."""
    mask = os.urandom(4)
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))


@row("UA")
def websocket(net):
    """The handshake is the request; frames are not, whatever their text says."""
    with net.open() as connection:
        assert connection.exchange("GET", "/socket", headers=HANDSHAKE).status == 101
        yield
        for text in (b"HTTP/1.1 500 Phantom\r\n\r\n", b"GET /phantom HTTP/1.1\r\n\r\n"):
            connection.socket.sendall(text_frame(text))
            assert connection.socket.recv(1000)[2:] == text
        yield
        connection.socket.sendall(bytes([0x88, 0x80, 0, 0, 0, 0]))
        connection.socket.recv(100)
