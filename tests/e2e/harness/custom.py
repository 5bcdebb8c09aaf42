# SPDX-License-Identifier: BSD-2-Clause
"""What the Python client itself says of a directory of its files: the oracle of the application's own metrics."""

import os
import pathlib
import re
import subprocess

PYTHON = "/usr/bin/python3"
# Without the files that mark_process_dead() would remove, in the order in which the client itself finds the others.
SAYS = """
import glob, os, re, sys
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

class Collector(MultiProcessCollector):
    def collect(self):
        files = glob.glob(os.path.join(self._path, "*.db"))
        dead = re.compile("gauge_live[a-z]+_(%s)[.]db" % "|".join(sys.argv[3:]))
        return self.merge([file for file in files if not dead.fullmatch(os.path.basename(file))])

registry = CollectorRegistry()
Collector(registry, path=sys.argv[1])
sys.stdout.buffer.write((openmetrics if sys.argv[2] == "openmetrics" else generate_latest)(registry))
"""
OURS = re.compile(r"(# (HELP|TYPE) )?(gunicorn_|process_)|# EOF")


class ClientFailed(Exception):
    """What it said about it."""


def client_says(directory, dead=(), kind="text", client=None):
    """Its lines, sorted, without those of names that the exporter has itself. `client` is where another version lies."""
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(client or ""), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([PYTHON, "-c", SAYS, str(directory), kind, *map(str, dead or ["none"])], env=variables, capture_output=True)
    if done.returncode:
        raise ClientFailed(done.stderr.decode())
    return own_lines(done.stdout.decode())


def own_lines(text):
    """The application's lines of a scrape, sorted."""
    return sorted(line for line in text.split("\n") if line and not OURS.match(line))


def other_client(root, folder):
    """The client that another Debian has, unpacked: returns where Python finds it."""
    into = pathlib.Path(root) / "tmp" / folder
    into.mkdir()
    fetch = "apt-get -qq -o APT::Sandbox::User=root download python3-prometheus-client python3-decorator"
    inside = f"cd /tmp/{folder} && {{ {fetch} || {{ apt-get -qq update && {fetch}; }}; }} && for each in *.deb; do dpkg -x $each .; done"
    subprocess.run(["chroot", str(root), "/bin/sh", "-c", inside], check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    os.chmod(into, 0o755)
    return into / "usr/lib/python3/dist-packages"
