# SPDX-License-Identifier: BSD-2-Clause
"""Certificates, an exporter with a web configuration, and clients that take their time."""

import contextlib
import pathlib
import socket
import subprocess
import threading

from . import processes
from .exporter import binary

HASH_OF_SECRET = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
CLIENTS = TLS + "  client_ca_file: ca.pem\n  client_auth_type: "


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


class Authority:
    """A certificate authority and what it signed, as files of a directory."""

    def __init__(self, directory, name="ca"):
        self.directory, self.name = pathlib.Path(directory), name
        openssl(directory, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")

    def sign(self, name, san, days=2, usage="clientAuth"):
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={san}\nextendedKeyUsage={usage}\n")
        openssl(self.directory, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(self.directory, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                "-CAcreateserial", "-days", str(days), "-extfile", extensions.name, "-out", f"{name}.pem")


class Web:
    """An exporter with a web configuration, asked by curl."""

    def __init__(self, directory, config, *options, scheme="http"):
        self.directory = pathlib.Path(directory)
        self.config = self.directory / "web.yml"
        self.config.write_text(config)
        self.port = processes.free_port()
        self.scheme = scheme
        self.log_path = self.directory / "exporter.log"
        with open(self.log_path, "wb") as log:
            self.process = processes.start([binary(), "--web.listen-address", f"127.0.0.1:{self.port}", "--web.config.file",
                                            str(self.config), *options], log)
        processes.wait_for(lambda: "listening on" in self.log(), self.log)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def curl(self, path="/metrics", *options):
        """Status (0: no HTTP at all), headers and body."""
        done = subprocess.run(["curl", "-sS", "-i", "-m", "20", "--cacert", "ca.pem", *options,
                               f"{self.scheme}://localhost:{self.port}{path}"], cwd=self.directory, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return 0, "", done.stderr
        head, _, body = done.stdout.partition("\n\n")
        return int(head.split()[1]), head, body

    def status(self, path="/metrics", *options):
        return self.curl(path, *options)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        processes.end(self.process)


@contextlib.contextmanager
def slow_clients(port, count=100):
    """Connections: a quarter sends a header that never ends, half dribble a byte each 50 ms, the others send nothing. The exporter may
    have sent some away."""
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    stop = threading.Event()
    for client in clients[1::4]:
        with contextlib.suppress(OSError):
            client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ")

    def dribble():
        while not stop.wait(0.05):
            for client in clients[::2]:
                with contextlib.suppress(OSError):
                    client.send(b"G")

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        yield clients
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.close()
