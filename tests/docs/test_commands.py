# SPDX-License-Identifier: BSD-2-Clause
"""Every command that the documentation tells a reader to run is run: here as a reader would, or by a test that is named here."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import urllib.request

import pytest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/docs"), str(ROOT / "tests/e2e")]

import shell_blocks  # noqa: E402
from harness import exporter, processes  # noqa: E402
from harness.server import Gunicorn  # noqa: E402

PAGE = "http://127.0.0.1:9091/metrics"  # where the documentation says that it is
SERVING = re.compile(r"^build/gunicorn-bpf-exporter( --.*)?$")
ONE_OFF = re.compile(r"^(build/)?gunicorn-bpf-exporter (check|top|trace|report)\b")

# How a command begins -> the file that runs it, and what stands in there.
ELSEWHERE = {
    "scripts/setup.sh": ("scripts/test.sh", "scripts/setup.sh --test"),
    "scripts/build.sh": ("scripts/test.sh", "scripts/build.sh --all"),
    "scripts/test.sh": (".ci/run", "scripts/test.sh"),
    "scripts/package.sh": ("tests/e2e/test_package.py", "package.sh"),
    "apt-get install ./build/": ("tests/e2e/test_package.py", "apt-get"),
    "deploy/container/build.sh": ("tests/e2e/test_containers.py", "build.sh"),
    "docker run": ("tests/e2e/test_containers.py", "docker.run"),
    "kubectl apply": ("tests/e2e/test_kubernetes.py", "kustomize"),
    "helm install": ("tests/e2e/test_kubernetes.py", "tools.helm"),
    "newkey=": ("tests/e2e/test_web.py", "MANUAL"),
    "openssl": ("tests/e2e/test_web.py", "MANUAL"),
    "for name in": ("tests/e2e/test_web.py", "MANUAL"),
    "done": ("tests/e2e/test_web.py", "MANUAL"),
    "mkpasswd": ("tests/e2e/test_web.py", "MANUAL"),
    "curl --fail --silent --cacert": ("tests/e2e/test_web.py", "MANUAL"),
}
# What no test can run: a registry of images, and an init system.
NOWHERE = ("docker build", "systemctl")


def commands():
    """(place, command) in the order of the pages."""
    return [(str(block), command) for block in shell_blocks.blocks() for command in block.commands]


def distinct(pattern):
    """A command that several pages have is run once."""
    return list(dict.fromkeys(command for _, command in commands() if pattern.match(command)))


def fetched(url=PAGE):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def gunicorns():
    """/proc/PID of the processes that hold a heartbeat file, as scripts/run.sh looks for them."""
    found = subprocess.run(["find", *map(str, pathlib.Path("/proc").glob("[0-9]*/fd")), "-maxdepth", "1", "-lname", "*/wgunicorn-*"],
                           capture_output=True, text=True, check=False)  # some end meanwhile
    return sorted({path.split("/fd/")[0] for path in found.stdout.split()})


def without_other_gunicorns(command, empty):
    """Runs the command where the folders in /proc of the Gunicorns that this host has anyway are hidden by an empty one."""
    mounts = "".join(f"mount --bind {shlex.quote(str(empty))} {path} || true; " for path in gunicorns())  # some end meanwhile
    return ["unshare", "--mount", "/bin/sh", "-c", f'{mounts}exec "$@"', "sh", *command]


def test_the_two_commands_of_the_readme(tmp_path):
    """scripts/run.sh serves what it promises: a sample where the host has no Gunicorn. So it comes before the Gunicorn below."""
    assert [command for place, command in commands() if place.startswith("README.md")][:2] == ["scripts/run.sh", f"curl -s {PAGE}"]
    log, empty = tmp_path / "log", tmp_path / "empty"
    empty.mkdir()
    with open(log, "wb") as output:
        process = processes.start(without_other_gunicorns([str(ROOT / "scripts/run.sh")], empty), output, cwd=tmp_path, env=os.environ)
    try:
        processes.wait_for(lambda: re.search(r"gunicorn_worker_requests_total\{.*\} [1-9]", fetched()), lambda: f"numbers: {log.read_text()}", seconds=120)
        shown = fetched()
        for metric in ("request_duration_seconds_count", "memory_bytes", "state"):
            assert f"gunicorn_worker_{metric}{{" in shown, metric
    finally:
        children = processes.children_of(process.pid)
        assert processes.end(process, signal.SIGINT, 30) in (0, 130, -signal.SIGINT), log.read_text()
    processes.wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in children), "all that it started has ended")


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory):
    with Gunicorn(tmp_path_factory.mktemp("docs"), workers=2) as running:
        yield running


def as_typed(command, gunicorn):
    """With the process that is there in place of the example's."""
    words = [str(gunicorn.pid) if word == "1234" else word for word in shlex.split(command)]
    return [exporter.binary(), *words[1:]]


def test_each_is_run_somewhere():
    found = commands()
    assert len(found) > 20
    for place, command in found:
        if SERVING.match(command) or ONE_OFF.match(command) or command.startswith(("scripts/run.sh", f"curl -s {PAGE}", *NOWHERE)):
            continue
        runners = [runner for beginning, runner in ELSEWHERE.items() if command.startswith(beginning)]
        assert runners, f"{place}: no test runs {command}"
        file, text = runners[0]
        assert text in (ROOT / file).read_text(), f"{file} does not run {command} any more"


@pytest.mark.parametrize("command", distinct(SERVING))
def test_serving(command, gunicorn, tmp_path):
    log = tmp_path / "log"
    with open(log, "wb") as output:
        process = processes.start(as_typed(command, gunicorn), output, cwd=tmp_path)
    try:
        processes.wait_for(lambda: "gunicorn_worker_requests_total{" in fetched(), lambda: f"it serves: {log.read_text()}")
    finally:
        assert processes.end(process) == 0, log.read_text()


@pytest.mark.parametrize("command", distinct(ONE_OFF))
def test_one_off(command, gunicorn, tmp_path):
    """check and report end by themselves; top and trace are interrupted, top once it has shown something."""
    log = tmp_path / "log"
    command = command.replace("--duration 30s", "--duration 2s")
    with open(log, "wb") as output:
        process = processes.start(as_typed(command, gunicorn), output, cwd=tmp_path)
    if " top" in command:
        processes.wait_for(lambda: log.stat().st_size > 0, "top shows something")
    try:
        process.wait(8 if " top" in command or " trace" in command else 60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0, log.read_text()
    assert log.stat().st_size > 0
    if " report " in command:
        assert len(list(tmp_path.glob("*.html"))) == 1
