# SPDX-License-Identifier: BSD-2-Clause
"""The least privileges: with them everything is counted, with one less it is said what goes, and none is kept that is not needed."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness import exporter as observer
from harness import privileges, processes
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.tracer import Tracer
from harness.wire import Connection

MINIMUM = privileges.of_the_unit()
# Users that nobody else is: one of a Gunicorn, one of the exporter.
SOMEBODY, OTHER_USER = 60123, 60124
DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "deployment.md"


@pytest.fixture(scope="module")
def place():
    """A directory and a copy of the binary that every user can use, wherever the build is."""
    path = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    os.chmod(path, 0o755)
    shutil.copy2(observer.binary(), path / "exporter")
    os.chmod(path / "exporter", 0o755)
    before = os.environ.get("GBE_BINARY")
    os.environ["GBE_BINARY"] = str(path / "exporter")
    yield path
    os.environ.pop("GBE_BINARY")
    if before:
        os.environ["GBE_BINARY"] = before
    shutil.rmtree(path)


def start_gunicorn(place, uid=None, **details):
    home = pathlib.Path(tempfile.mkdtemp(dir=place))
    os.chmod(home, 0o777)
    mask = os.umask(0)
    try:
        return Gunicorn(home, wrapper=privileges.as_user(uid, []) if uid else (), **details)
    finally:
        os.umask(mask)


@pytest.fixture(scope="module")
def roots(place):
    with start_gunicorn(place) as server:
        yield server


@pytest.fixture(scope="module")
def somebodys(place):
    with start_gunicorn(place, SOMEBODY) as server:
        yield server


def info(exporter, server):
    return exporter.scrape().select("gunicorn_info", master_pid=str(server.pid))


def assert_all_is_counted(exporter, server, error="ValueError"):
    """Six requests more, two of them with an exception, and what is read from the interpreter and the kernel's sockets."""
    mine = {"master_pid": str(server.pid)}
    wait_for(lambda: info(exporter, server), lambda: f"it is found; the exporter said: {exporter.log()}")
    before = exporter.scrape().total("gunicorn_worker_requests_total", **mine)
    errors = exporter.scrape().total("gunicorn_worker_error_handling_total", error_type=error, **mine)
    for number in range(6):
        with Connection(server.address) as connection:
            connection.exchange("GET", "/raise" if number % 3 == 2 else "/hello")
    scrape = exporter.scrape()
    assert scrape.total("gunicorn_worker_requests_total", **mine) - before == 6
    assert scrape.total("gunicorn_worker_error_handling_total", error_type=error, **mine) - errors == 2
    assert scrape.total("gunicorn_listener_backlog_limit", **mine) > 0
    wait_for(lambda: exporter.scrape().total("gunicorn_worker_memory_bytes", **mine) > 1e6, "the next sample of memory")
    return info(exporter, server)[0][0]


def warnings(exporter, *servers):
    """But those about Gunicorns of other tests, which may just be starting."""
    masters = {str(server.pid) for server in servers}
    lines = [line for line in exporter.log().splitlines() if "warn" in line]
    return [line for line in lines if not (about := re.search(r"master (\d+)", line)) or about[1] in masters]


def test_the_minimum_as_a_user_of_its_own(place, roots, somebodys):
    with Exporter(place, wrapper=privileges.as_user(OTHER_USER, MINIMUM)) as exporter:
        for server in roots, somebodys:
            assert assert_all_is_counted(exporter, server)["age_source"] == "arbiter"
        assert not warnings(exporter, roots, somebodys)
        assert "Permission denied): needs CAP_SYS_ADMIN" in exporter.log()  # a probe in an interpreter
        # One that comes after privileges were given up.
        with start_gunicorn(place, SOMEBODY) as late:
            assert assert_all_is_counted(exporter, late)["age_source"] == "arbiter"
        held = privileges.of_threads(exporter.process.pid)
        assert held["CapEff"] == held["CapPrm"] == {privileges.mask(MINIMUM)}
        assert held["CapInh"] == held["CapAmb"] == {0}
        assert held["NoNewPrivs"] == {1}


@pytest.mark.parametrize("gone", ["BPF", "PERFMON"])
@pytest.mark.parametrize("start", [privileges.as_root, lambda names: privileges.as_user(OTHER_USER, names)], ids=["root", "user"])
def test_nothing_sensible_is_left(place, start, gone):
    done = observer.run("--web.listen-address", "127.0.0.1:0", command=start([name for name in MINIMUM if name != gone]))
    assert done.returncode == 1
    assert done.stderr.startswith(f"gunicorn-bpf-exporter: missing CAP_{gone} (")
    assert not any(f"CAP_{name}" in done.stderr for name in MINIMUM if name != gone)


@pytest.mark.parametrize("gone", ["SYS_PTRACE", "DAC_READ_SEARCH"])
def test_only_the_own_users_gunicorns_are_left(place, roots, somebodys, gone):
    with Exporter(place, wrapper=privileges.as_user(SOMEBODY, [name for name in MINIMUM if name != gone])) as exporter:
        assert_all_is_counted(exporter, somebodys)
        assert not info(exporter, roots)
        (warning,) = [line for line in exporter.log().splitlines() if " warning " in line]
        assert f"without CAP_{gone} only Gunicorns are found that run as this user" in warning
    # Asked for one that it cannot see, it does not say that this is no Gunicorn.
    done = observer.run("--web.listen-address", "127.0.0.1:0", "--log-level", "error", "--pid", str(roots.pid),
                        command=privileges.as_user(SOMEBODY, [name for name in MINIMUM if name != gone]))
    assert done.returncode == 1 and "needs CAP_SYS_PTRACE, and CAP_DAC_READ_SEARCH" in done.stderr


def test_the_own_users_gunicorns_take_two_capabilities(place, somebodys):
    with Exporter(place, wrapper=privileges.as_user(SOMEBODY, ["BPF", "PERFMON"])) as exporter:
        assert assert_all_is_counted(exporter, somebodys)["age_source"] == "arbiter"


def test_an_interpreter_that_was_replaced_on_disk(place):
    interpreter = shutil.copy2(os.path.realpath("/usr/bin/python3"), place / "python3.11")
    with start_gunicorn(place, SOMEBODY, launcher=(str(interpreter), "/usr/bin/gunicorn")) as server:
        os.remove(interpreter)
        with Exporter(place, wrapper=privileges.as_user(OTHER_USER, MINIMUM)) as exporter:
            assert_all_is_counted(exporter, server)
        without = [name for name in MINIMUM if name != "CHECKPOINT_RESTORE"]
        with Exporter(place, wrapper=privileges.as_user(OTHER_USER, without)) as exporter:
            assert_all_is_counted(exporter, server, error="unknown")
            assert 'without CAP_CHECKPOINT_RESTORE exception classes of such interpreters are "unknown"' in exporter.log()


def assert_only(pid, names):
    held = privileges.of_threads(pid)
    assert held["CapEff"] == held["CapPrm"] == {privileges.mask(names)}
    assert held["CapBnd"] == held["CapInh"] == held["CapAmb"] == {0}
    assert held["NoNewPrivs"] == {1}


def test_root_gives_up_what_it_does_not_need(place, roots, somebodys):
    with Exporter(place) as exporter:
        for server in roots, somebodys:
            assert_all_is_counted(exporter, server)
        assert_only(exporter.process.pid, [*MINIMUM, "NET_BIND_SERVICE"])


@pytest.fixture
def private(place):
    """A directory that root may not write to but by CAP_DAC_OVERRIDE."""
    path = pathlib.Path(tempfile.mkdtemp(dir=place))
    os.chown(path, SOMEBODY, SOMEBODY)
    return path


@pytest.mark.parametrize("written", [False, True], ids=["shown", "folded"])
def test_trace_gives_up_what_it_does_not_need(place, somebodys, private, written):
    folded = private / "folded"
    with Tracer(place, somebodys.pid, "--stacks", *(["--folded", str(folded)] if written else [])) as trace:
        with Connection(somebodys.address) as connection:
            connection.exchange("GET", "/sleep")
        (request,) = trace.requests(1)
        # Memory of another user's process, read after that.
        assert request["samples"]["waiting"] > 0, trace.said()
        assert_only(trace.process.pid, [*MINIMUM, *(["DAC_OVERRIDE"] if written else [])])
        assert trace.stop() == 0
    assert not written or "sleep" in folded.read_text()


def test_report_gives_up_what_it_does_not_need(place, somebodys, private):
    output = private / "report.json"
    errors = place / "report.err"
    with open(errors, "wb") as file:
        process = processes.start([observer.binary(), "report", "--json", "--pid", str(somebodys.pid), "--output", str(output)], stderr=file)
    try:
        wait_for(lambda: "recording" in errors.read_text(), errors.read_text)
        assert_only(process.pid, [*MINIMUM, "DAC_OVERRIDE"])
        with Connection(somebodys.address) as connection:
            connection.exchange("GET", "/sleep")
    finally:
        assert processes.end(process, signal.SIGINT) == 0, errors.read_text()
    assert "/sleep" in output.read_text()


def test_top_gives_up_what_it_does_not_need(place, roots):
    with open(place / "top.out", "wb") as file:
        process = processes.start([observer.binary(), "top", "--batch", "--pid", str(roots.pid)], stdout=file)
    try:
        wait_for(lambda: (place / "top.out").read_text(), "the first table")
        assert_only(process.pid, MINIMUM)
    finally:
        processes.end(process, signal.SIGINT)


@pytest.mark.parametrize("directories", ["DAC_READ_SEARCH", "DAC_OVERRIDE"])
def test_what_older_container_runtimes_know(place, roots, somebodys, directories):
    """The second is what a runtime gives that is not told to drop it."""
    older = ["SYS_ADMIN", "SYS_PTRACE", directories]
    with Exporter(place, wrapper=privileges.as_root(older)) as exporter:
        for server in roots, somebodys:
            assert_all_is_counted(exporter, server)
        assert privileges.of_threads(exporter.process.pid)["CapEff"] == {privileges.mask(older)}
        assert not warnings(exporter, roots, somebodys)


def test_capabilities_of_the_file(place, roots):
    """For one-off runs by a user, as the documentation has it."""
    binary = shutil.copy2(observer.binary(), place / "gunicorn-bpf-exporter")
    (capabilities,) = re.findall(r"`setcap (cap_[^ ]*) gunicorn-bpf-exporter`", DOCUMENT.read_text())
    subprocess.run(["setcap", capabilities, str(binary)], check=True)
    user = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
    os.environ["GBE_BINARY"], before = str(binary), os.environ["GBE_BINARY"]
    try:
        with Exporter(place, pid=roots.pid, wrapper=user) as exporter:
            with Connection(roots.address) as connection:
                connection.exchange("GET", "/hello")
            assert exporter.scrape().total("gunicorn_worker_requests_total") == 1
            assert privileges.of_threads(exporter.process.pid)["CapEff"] == {privileges.mask(MINIMUM)}
    finally:
        os.environ["GBE_BINARY"] = before


def test_the_documentation_has_them_all():
    table = re.findall(r"^\| `CAP_(\w+)`(?:, `CAP_(\w+)`)? \|", DOCUMENT.read_text(), re.MULTILINE)
    named = {name for row in table for name in row if name}
    assert set(MINIMUM) <= named
    assert "SYS_RESOURCE" in named
