# SPDX-License-Identifier: BSD-2-Clause
"""Interpreters that are not what they look like, workers that die while they fail, and what builds with USDT tell:
never a wrong name, never the exporter's end."""

import os
import pathlib
import re
import signal
import struct
import subprocess
import threading
from urllib.parse import quote

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.failures import ERRORS, FAILED, PYTHON_PROBES, ask, settled
from harness.ledger import check_consistent
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

PYTHON = pathlib.Path("/usr/bin/python3").resolve()
LAYOUTS = "gunicorn_bpf_exporter_python"
PAUSES = "gunicorn_worker_gc_pause_seconds"


def layouts(exporter):
    return exporter.scrape().by(LAYOUTS, "version", "layout")


def copy_of(directory, change=lambda code: None):
    """A Python of the test's own, its file changed."""
    code = bytearray(PYTHON.read_bytes())
    change(code)
    path = directory / PYTHON.name
    path.unlink(missing_ok=True)
    path.write_bytes(code)
    path.chmod(0o755)
    return path


def without_sections(code):
    """Not even dynamic symbols can be found: ELF's e_shoff, e_shnum and e_shstrndx."""
    code[40:48] = bytes(8)
    code[60:64] = bytes(4)


def of_another_version(code):
    """Py_Version is 3.80.2, and so is sys.hexversion."""
    code[:] = code.replace(struct.pack("<I", 0x030B02F0), struct.pack("<I", 0x035002F0))


def library(directory, source):
    """What calls itself libpython3.11.so."""
    path = directory / "libpython3.11.so"
    subprocess.run(["cc", "-shared", "-x", "c", "-", "-o", path], input=source.encode(), check=True)
    return {"LD_PRELOAD": str(path)}


def check_refused(directory, layout, launcher=None, environment=None):
    """The log line may come after some more tries: a process that has just begun may not show all."""
    details = {"launcher": (str(launcher), "/usr/bin/gunicorn")} if launcher else {}
    with Gunicorn(directory, "gthread", threads=4, environment=environment, **details) as server:
        with Exporter(directory, "--python-unlogged", pid=server.pid) as exporter:
            for _ in range(10):
                assert ask(server, "/raise") == 500
            settled(exporter, {("GET", "/raise", "unknown"): 10})
            assert {key[1] for key in layouts(exporter)} == {layout}
            if launcher:
                wait_for(lambda: "error types are \"unknown\", since its Python cannot be read" in exporter.log(), exporter.log)


@pytest.mark.parametrize("layout, change", [("failed", without_sections), ("unsupported", of_another_version)], ids=["stripped", "other-version"])
def test_another_binary(directory, layout, change):
    check_refused(directory, layout, launcher=copy_of(directory, change))


@pytest.mark.parametrize("source", [
    "int nothing;", "char _PyRuntime[65536];", "char _PyRuntime[65536] = {[0 ... 65535] = 0xff};",
    "char *_PyRuntime[8192] = {[0 ... 8191] = (char *)_PyRuntime}; unsigned Py_Version = 0x030b02f0;"],
    ids=["without-runtime", "zeros", "ones", "circles"])
def test_a_false_libpython(directory, source):
    if source.startswith("char *"):
        source = "extern char *_PyRuntime[8192]; " + source
    check_refused(directory, "failed", environment=library(directory, source))


IMPOSTOR = r"""
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void ignore(int number) { (void)number; }

int main(int count, char **arguments) {
    char heartbeat[] = "/tmp/wgunicorn-XXXXXX", bytes[4096];
    const char answer[] = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[count - 1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    signal(SIGCHLD, ignore), signal(SIGHUP, ignore), signal(SIGUSR2, ignore);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) return 1;
    mkstemp(heartbeat), unlink(heartbeat);
    if (fork()) for (;;) pause();
    signal(SIGCHLD, SIG_DFL), signal(SIGHUP, SIG_DFL), signal(SIGUSR2, SIG_DFL);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        getpid();
        if (read(client, bytes, sizeof bytes) > 0) write(client, answer, sizeof answer - 1);
        close(client);
    }
}
"""


def test_a_master_that_is_no_python(directory):
    program = directory / "impostor"
    subprocess.run(["cc", "-w", "-x", "c", "-", "-o", program], input=IMPOSTOR.encode(), check=True)
    port = processes.free_port()
    process = processes.start([str(program), str(port)], subprocess.DEVNULL)
    try:
        wait_for(lambda: processes.children_of(process.pid), "its worker")
        with Exporter(directory, "--python-unlogged", pid=process.pid) as exporter:
            for _ in range(10):
                with Connection(("127.0.0.1", port)) as connection:
                    assert connection.exchange("GET", "/").status == 500
            settled(exporter, {("GET", "/", "unknown"): 10})
            assert layouts(exporter) == {("", "failed"): 1}
            assert exporter.scrape().select(PAUSES + "_count") == []
    finally:
        for child in processes.children_of(process.pid):
            os.kill(child, signal.SIGKILL)
        processes.end(process, signal.SIGKILL)


# How many causes stay unknown depends on the rate of requests.
@pytest.mark.clock
@pytest.mark.parametrize("worker_class, application", [("gthread", None), ("gevent", "flask_app")])
def test_workers_that_die_while_they_fail(directory, worker_class, application):
    """Their memory goes away under the eyes of the reader."""
    truth = {"ValueError", "KeyError", "LookupFailed" if application is None else "OrderError"}
    with Gunicorn(directory, worker_class, workers=3, threads=4 if worker_class == "gthread" else None, application=application) as server:
        with Exporter(directory, "--python-unlogged", "--retention", "1h", pid=server.pid) as exporter:
            over, failures = threading.Event(), [0]

            def fail():
                paths = ("/raise", "/raise-key", "/raise-from")
                while not over.is_set():
                    for path in paths:
                        try:
                            with Connection(server.address) as connection:
                                connection.ask("GET", path)
                                connection.receive()
                                failures[0] += 1
                        except OSError:  # its worker is gone
                            pass

            clients = [threading.Thread(target=fail) for _ in range(4)]
            for client in clients:
                client.start()
            killed = set()
            while len(killed) < 12:
                # Each generation answers something before it dies: importing a framework takes a busy machine a second.
                answered = failures[0]
                wait_for(lambda: failures[0] >= answered + 100, "the workers answer")
                for pid in server.workers():
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
            over.set()
            for client in clients:
                client.join()
            scrape = exporter.scrape()
            check_consistent(scrape)
            assert scrape.total(FAILED) > 100
            assert set(scrape.by(ERRORS, "error_type")) <= {*truth, "unknown"}
            assert scrape.total(ERRORS, error_type="unknown") <= scrape.total(FAILED) / 100
            assert exporter.process.poll() is None


def test_hostile_names(directory):
    """Made at run time, each of its own: cut, cleaned, and no more than 64 of them for a worker."""
    names = ["é" * 100, "%22quoted%22", "new%0Aline", "back%5Cslash", "nul-free" * 125, "\u202ereversed", "%7F", "%F0%9F%92%A5boom"]
    with Gunicorn(directory) as server, Exporter(directory, "--python-unlogged", pid=server.pid) as exporter:
        for name in [*(quote(name, safe="%") for name in names), *(f"Made{i}" for i in range(200))]:
            assert ask(server, f"/raise-made?name={name}") == 500
        wait_for(lambda: exporter.scrape().total(ERRORS) == 208, "all are counted")
        types = exporter.scrape().by(ERRORS, "error_type")
        assert len(types) <= 65 and types["other"] == 208 - 64
        assert {"?quoted?", "new?line", "back?slash", "?", "💥boom", ("nul-free" * 125)[:63] + "…", "é" * 31 + "…"} <= set(types)
        assert all(len(name.encode()) <= 63 + len("…".encode()) and name.isprintable() or "\u202e" in name for name in types)


# ---- builds with USDT


@pytest.mark.clock
def test_pauses_of_the_collector(directory):
    """Each collection of the worker is one of its generation, as long as it was."""
    with Gunicorn(directory) as server, Exporter(directory, pid=server.pid) as exporter:
        before = exporter.scrape()
        assert before.by(PYTHON_PROBES, "probe", "state") == {("gc", "attached"): 1}
        with Connection(server.address) as connection:
            told = connection.exchange("GET", "/collect?times=7").json()
        after = exporter.scrape()
        gained = {generation: after.by(PAUSES + "_count", "generation")[generation] - before.by(PAUSES + "_count", "generation")[generation]
                  for generation in ("0", "1", "2")}
        assert gained["2"] == 7
        assert gained["0"] >= told["others"][0] and gained["1"] >= told["others"][1]
        seconds = after.by(PAUSES + "_sum", "generation")["2"] - before.by(PAUSES + "_sum", "generation")["2"]
        assert 0.5 * told["seconds"] < seconds < told["seconds"], "the application's clock goes around the probes"


def test_imports(directory):
    with Exporter(directory, "--python-imports") as exporter:
        with Gunicorn(directory, application="django_app") as server:
            # The first worker may have begun before the probes were there: what it imported until then is not known.
            theirs = {"master_pid": str(server.pid)}
            first = wait_for(lambda: exporter.scrape().by("gunicorn_worker_imports_total", "phase", **theirs), "imports are told")
            assert "serving" in first and first.get("boot", 101) > 100
            os.kill(server.pid, signal.SIGHUP)
            living = lambda: [labels["worker_id"] for labels, _ in exporter.scrape().select("gunicorn_worker_uptime_seconds", **theirs)]
            wait_for(lambda: len(living()) == 1 and living()[0].startswith("worker_2_"), "a new worker")
            mine = {"worker_id": living()[0], **theirs}
            assert ask(server, "/hello") == 200
            first = exporter.scrape().by("gunicorn_worker_imports_total", "phase", **mine)
            assert first["boot"] > 100, "Django is more than 100 modules"
            seconds = exporter.scrape().by("gunicorn_worker_import_seconds_total", "phase", **mine)
            uptime = exporter.scrape().total("gunicorn_worker_uptime_seconds", **mine)
            assert 0.01 < seconds["boot"] < uptime
            assert ask(server, "/import") == 200
            later = exporter.scrape()
            assert later.by("gunicorn_worker_imports_total", "phase", **mine)["boot"] == first["boot"]
            assert later.by("gunicorn_worker_imports_total", "phase", **mine)["serving"] > first["serving"]
            assert 0.05 <= later.by("gunicorn_worker_import_seconds_total", "phase", **mine)["serving"] - seconds["serving"] < 5


def semaphore_of(pid, name):
    """How many want the probe, as the kernel keeps it in the process's memory."""
    notes = subprocess.run(["readelf", "-n", str(PYTHON)], capture_output=True, text=True, check=True).stdout
    address = int(re.search(rf"Name: {name}\n.*Semaphore: (0x[0-9a-f]+)", notes)[1], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(address)
        return struct.unpack("<H", memory.read(2))[0]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(directory, how):
    """The process's own Python, since others on this machine may be observed too."""
    python = copy_of(directory)
    with Gunicorn(directory, launcher=(str(python), "/usr/bin/gunicorn")) as server:
        (worker,) = server.workers()
        names = ("gc__start", "gc__done", "import__find__load__start", "import__find__load__done")
        assert [semaphore_of(worker, name) for name in names] == [0, 0, 0, 0]
        exporter = Exporter(directory, "--python-imports", pid=server.pid)
        assert [semaphore_of(worker, name) for name in names] == [1, 1, 1, 1]
        exporter.stop(how)
        wait_for(lambda: [semaphore_of(worker, name) for name in names] == [0, 0, 0, 0], "nobody wants the probes any more")
        assert ask(server, "/raise") == 500


PYENV = sorted((pathlib.Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3"))


@pytest.mark.parametrize("python", [path for path in PYENV if int(path.parts[-3].split(".")[1]) >= 8][-1:], ids=lambda path: path.parts[-3])
def test_a_build_without_usdt(directory, python):
    with Gunicorn(directory, launcher=(str(python), "-m", "gunicorn"), environment={"PYTHONPATH": "/usr/lib/python3/dist-packages"}) as server:
        with Exporter(directory, "--python-imports", pid=server.pid) as exporter:
            assert exporter.scrape().by(PYTHON_PROBES, "probe", "state") == {("gc", "absent"): 1, ("import", "absent"): 1}
            assert exporter.scrape().select(PAUSES + "_count") == []
            assert exporter.scrape().select("gunicorn_worker_imports_total") == []
            assert "the pauses of its garbage collector are not known" in exporter.log()


def test_a_group_that_is_off(directory):
    with Gunicorn(directory) as server, Exporter(directory, "--no-collector.gc", pid=server.pid) as exporter:
        assert exporter.scrape().select(PYTHON_PROBES) == []
        assert exporter.scrape().select(PAUSES + "_count") == []


def test_in_roots(directory, root_of):
    """Python 3.13 and 3.14 have the collector's probes too."""
    for suite in ("bullseye", "trixie", "sid"):
        with Gunicorn(directory, root=root_of(suite)) as server, Exporter(directory, "--python-imports", pid=server.pid) as exporter:
            with Connection(server.address) as connection:
                connection.exchange("GET", "/collect?times=3")
            assert exporter.scrape().by(PYTHON_PROBES, "probe", "state") == {("gc", "attached"): 1, ("import", "attached"): 1}, suite
            assert exporter.scrape().by(PAUSES + "_count", "generation")["2"] >= 3, suite
