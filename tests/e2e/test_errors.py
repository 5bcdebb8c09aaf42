# SPDX-License-Identifier: BSD-2-Clause
"""What cannot work is refused with one sentence and exit code 1, and nothing stays behind in the kernel."""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from harness import exporter as observer
from harness import processes
from harness.exporter import Exporter
from harness.server import Gunicorn

QUIET = ["--web.listen-address", "127.0.0.1:0"]


@pytest.fixture(scope="module")
def server(directory):
    with Gunicorn(directory, "sync") as running:
        yield running


def programs():
    """Ids of all loaded BPF programs."""
    said = subprocess.run(["bpftool", "-j", "prog", "list"], check=True, capture_output=True, text=True).stdout
    return {program["id"] for program in json.loads(said or "[]")}


def held(pid="[0-9]*"):
    """Ids of the programs that a process has a descriptor of (itself, or a link); by default any process."""
    found = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        # Readable only as long as the process keeps it.
        with contextlib.suppress(OSError):
            if os.readlink(path.replace("fdinfo", "fd")).startswith("anon_inode:bpf"):
                found.update(map(int, re.findall(r"^prog_id:\s+(\d+)$", pathlib.Path(path).read_text(), re.MULTILINE)))
    return found


@pytest.fixture(autouse=True)
def nothing_left_behind():
    before = programs()
    yield
    # Other users of BPF on this machine hold theirs; what nobody holds was left behind.
    processes.wait_for(lambda: not programs() - before - held(), "no program without an owner")


def refused(*options, command=(), about=()):
    done = observer.run(*options, command=command)
    said = done.stderr.strip()
    assert done.returncode == 1, (done.returncode, said)
    assert said and "\n" not in said, f"one sentence, not:\n{said}"
    for word in about:
        assert word.lower() in said.lower(), said
    return said


@pytest.fixture
def readable_binary():
    """A copy that other users can run, wherever the build is."""
    place = tempfile.mkdtemp(dir="/tmp")
    os.chmod(place, 0o755)
    copy = shutil.copy2(observer.binary(), place)
    os.chmod(copy, 0o755)
    yield copy
    shutil.rmtree(place)


def test_not_root(server, readable_binary, monkeypatch):
    monkeypatch.setenv("GBE_BINARY", readable_binary)
    refused("--pid", str(server.pid), *QUIET, command=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], about=["cap_"])


@pytest.mark.parametrize("missing, name", [
    # CAP_SYS_ADMIN stands in for the two younger ones, so it has to go too.
    (["bpf", "sys_admin"], "CAP_BPF"),
    (["perfmon", "sys_admin"], "CAP_PERFMON"),
    (["sys_ptrace"], "CAP_SYS_PTRACE"),
])
def test_missing_capability(server, missing, name):
    dropped = ",".join("-" + capability for capability in missing)
    refused("--pid", str(server.pid), *QUIET, "--log-level", "error", command=["setpriv", f"--bounding-set={dropped}"], about=[name])


def test_no_such_pid():
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
        unused = str(int(file.read()) - 1)
    refused("--pid", unused, *QUIET, about=[unused])


def test_pid_is_not_a_gunicorn():
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        refused("--pid", str(sleeper.pid), *QUIET, about=[str(sleeper.pid), "sleep"])
    finally:
        processes.end(sleeper)


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1e3", "99999999999999999999"])
def test_pid_is_not_a_pid(value):
    refused(f"--pid={value}", *QUIET, about=["pid"])


def test_pid_of_a_worker_means_its_master(directory, server):
    (worker,) = server.workers()
    with Exporter(directory, pid=worker) as exporter:
        assert len(exporter.scrape().workers()) == 1
        assert exporter.stop() == 0


def test_port_in_use(server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        refused("--pid", str(server.pid), "--web.listen-address", address, about=[address, "in use"])


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "300.1.1.1:9091", "127.0.0.1:"])
def test_bad_address(server, address):
    refused("--pid", str(server.pid), "--web.listen-address", address, about=[address])


@pytest.mark.parametrize("options", [
    ["--no-such-option"], ["--sampling-interval", "soon"], ["--sampling-interval", "0s"], ["--retention", "-5m"],
    ["--endpoint-limit", "many"], ["--endpoint-folding", "maybe"], ["stray"],
], ids=" ".join)
def test_bad_option(server, options):
    refused("--pid", str(server.pid), *QUIET, *options, about=[options[0]])


def test_foreign_pid_namespace():
    refused(*QUIET, command=["unshare", "--pid", "--fork", "--mount-proc"], about=["pid namespace"])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_told_to(directory, server, how):
    with Exporter(directory, pid=server.pid) as exporter:
        mine = held(exporter.process.pid)
        assert mine and mine <= programs()
        started = time.monotonic()
        assert exporter.stop(how) == 0
        assert time.monotonic() - started < 3
        # The kernel frees them a moment after the last descriptor is closed.
        processes.wait_for(lambda: not mine & programs(), "its programs are unloaded")


def test_ends_after_its_master(directory):
    with Gunicorn(directory, "sync") as short_lived:
        exporter = Exporter(directory, "--retention", "2s", pid=short_lived.pid)
    with exporter:
        processes.wait_for(lambda: exporter.get("/-/ready")[0] == 503, "not ready any more")
        assert exporter.get("/-/healthy")[0] == 200
        assert exporter.scrape().workers() == set()
        assert exporter.process.wait(8) == 0
        assert "the observed Gunicorn has ended" in exporter.log()


def test_version_and_help():
    for option, word in (("--version", "."), ("--help", "--pid")):
        done = observer.run(option)
        assert (done.returncode, done.stderr) == (0, "")
        assert word in done.stdout


def test_unprivileged_help(readable_binary):
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", readable_binary, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
