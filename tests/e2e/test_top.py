# SPDX-License-Identifier: BSD-2-Clause
"""`top`: its numbers against the wire, its screen as a person sees it, and how it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess

import pytest

from harness import exporter as observer
from harness import processes
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.terminal import Terminal
from harness.wire import Connection


@pytest.fixture(scope="module")
def server(directory):
    with Gunicorn(directory, "gthread", workers=3, threads=2) as running:
        yield running


def ask(server, path, times=1):
    for _ in range(times):
        with Connection(server.address) as connection:
            connection.exchange("GET", path)


class Batch:
    """A running `top --batch`, read block by block."""

    def __init__(self, directory, *options):
        self.path = directory / f"top-{id(self)}.txt"
        self.errors = directory / f"top-{id(self)}.err"
        with open(self.path, "wb") as out, open(self.errors, "wb") as err:
            self.process = processes.start([observer.binary(), "top", "--batch", "--interval", "300ms", *options], stdout=out, stderr=err)
        self.wait_for(lambda block: "WORKER" in block, "the first block")

    def block(self):
        """The last whole one."""
        blocks = self.path.read_text().split("\n\ngunicorn ")
        return "gunicorn " + blocks[-2] if len(blocks) > 1 else ""

    def workers(self, block):
        lines = iter(block.splitlines())
        columns = next((line for line in lines if line.startswith("WORKER")), "").split()
        rows = []
        for line in lines:
            if not line.startswith("worker_"):
                break
            rows.append(dict(zip(columns, line.split())))
        return rows

    def sum_of(self, block, column):
        return sum(float(row[column]) for row in self.workers(block))

    def wait_for(self, condition, what, seconds=processes.PATIENCE):
        def look():
            assert self.process.poll() is None, self.errors.read_text()
            block = self.block()
            return block if block and condition(block) else None

        return wait_for(look, lambda: f"{what}; the last block:\n{self.block()}\n{self.errors.read_text()}", seconds=seconds, every=0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        processes.end(self.process)


@pytest.mark.clock
def test_numbers_are_those_of_the_wire_beside_an_exporter(directory, server):
    with Exporter(directory, pid=server.pid) as exporter, Batch(directory, "--pid", str(server.pid)) as top:
        rows = top.workers(top.block())
        assert {int(row["PID"]) for row in rows} == set(server.workers())
        assert all(row["STATE"] == "idle" and row["REQS"] == "0" for row in rows)
        ask(server, "/hello", 20)
        ask(server, "/sleep?s=0.3", 2)
        block = top.wait_for(lambda block: top.sum_of(block, "REQS") == 22, "22 requests")
        ask(server, "/raise", 3)
        # Of the 25 requests 23 take less than 100 ms, two of them 300 ms.
        block = top.wait_for(lambda block: top.sum_of(block, "REQS") == 25, "25 requests")
        assert top.sum_of(block, "ERR/S") > 0
        sleeping = re.search(r"^ *(\S+) +500ms +500ms +500ms .* GET /sleep$", block, re.MULTILINE)
        assert sleeping and 300 <= int(sleeping[1].removesuffix("ms")) < 400, block
        seen = [int(times) for times in re.findall(r"(\d+) ValueError  GET /raise$", top.path.read_text(), re.MULTILINE)]
        assert sum(seen) == 3
        assert exporter.scrape().total("gunicorn_worker_requests_total") == 25
        with Connection(server.address) as connection:
            connection.ask("GET", "/sleep?s=4")
            block = top.wait_for(lambda block: top.sum_of(block, "FLIGHT") == 1, "the request in flight")
            (busy,) = [row for row in top.workers(block) if row["FLIGHT"] == "1"]
            assert busy["STATE"] == "busy"
            block = top.wait_for(lambda block: top.sum_of(block, "BUSY%") >= 99, "a whole interval busy")
            assert connection.receive().status == 200
        top.wait_for(lambda block: top.sum_of(block, "FLIGHT") == 0 and top.sum_of(block, "REQS") == 26, "it was answered")
        assert top.errors.read_text() == ""


def test_a_full_backlog_is_shown(directory):
    with Gunicorn(directory, "sync", options=["--backlog", "5"]) as server, Batch(directory, "--pid", str(server.pid)) as top:
        with contextlib.ExitStack() as clients:
            first = clients.enter_context(Connection(server.address))
            first.ask("GET", "/sleep?s=4")
            top.wait_for(lambda block: top.sum_of(block, "FLIGHT") == 1, "the worker sleeps")
            for _ in range(3):
                clients.enter_context(socket.create_connection(server.address))
            address = "%s:%d" % server.address
            top.wait_for(lambda block: re.search(rf"^{re.escape(address)} +3 +5 ", block, re.MULTILINE), "three wait of five")
            server.signal(signal.SIGQUIT)  # does not wait for the one that sleeps


def test_a_worker_that_ends_and_its_successor_are_shown(directory):
    with Gunicorn(directory, "sync") as server, Batch(directory, "--pid", str(server.pid)) as top:
        (first,) = server.workers()
        os.kill(first, signal.SIGKILL)
        block = top.wait_for(lambda block: len(top.workers(block)) == 2, "both")
        assert {row["STATE"] for row in top.workers(block) if int(row["PID"]) == first} == {"ended"}
        assert "1 restarted" in block and "1 worker" in block


def test_piped_to_head_it_ends_quietly(server):
    command = f"{observer.binary()} top --pid {server.pid} --interval 200ms | head -n 2; exit $((${{PIPESTATUS[0]}} * 10 + ${{PIPESTATUS[1]}}))"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2


def test_count_ends_it(server):
    done = observer.run("top", "--pid", str(server.pid), "--interval", "200ms", "--count", "3", seconds=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(re.findall("^gunicorn ", done.stdout, re.MULTILINE)) == 3


# Not beside others: top would warn that it cannot read the Arbiter of a master which takes its time to leave.
@pytest.mark.clock
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_target(directory, how):
    with Gunicorn(directory, "sync") as short_lived:
        top = Batch(directory, "--pid", str(short_lived.pid))
        short_lived.signal(how)
        assert top.process.wait(40) == 0
    assert top.errors.read_text() == "gunicorn-bpf-exporter: the observed Gunicorn has ended\n"


def test_misuse_and_something_else(server):
    assert observer.run("top", "--interval", "soon").returncode == 2
    done = observer.run("top", "--pid", str(os.getpid()))
    assert done.returncode == 1 and "not a Gunicorn" in done.stderr


def is_whole(screen):
    """It may be looked at while it is drawn."""
    return screen.startswith("gunicorn ") and screen.splitlines()[-1].startswith("q quit")


def heading(screen):
    return next((line for line in screen.splitlines() if line.startswith("WORKER ")), "").split()


def column(screen, name):
    """The numbers that the workers have in it, from the top."""
    index = heading(screen).index(name)
    return [float(line.split()[index]) for line in screen.splitlines() if line.startswith("worker_")]


def is_sorted(screen, name, reverse):
    if not is_whole(screen) or not re.search(rf"  by {re.escape(name)}{' reversed' * reverse}\n", screen):
        return False
    if name not in ("PID", "BUSY%", "FLIGHT", "REQ/S", "REQS", "ERR/S", "CPU%"):
        return True  # no plain numbers
    numbers = column(screen, name)
    return len(numbers) == 3 and numbers == sorted(numbers, reverse=reverse == (name == "PID"))


def check_sorting(terminal):
    """Each key that the help names sorts by the column that it says, and pressed once more the other way round."""
    terminal.type("?")
    screen = terminal.wait_for(lambda screen: "upper bounds" in screen and is_whole(screen))
    keys = dict(re.findall(r"(?<= )(\S) (\S+)", re.search(r"^Sort by:\n((?: .*\n)+)", screen, re.MULTILINE)[1]))
    terminal.type("?")
    screen = terminal.wait_for(lambda screen: "rates: last" in screen and "worker_1_" in screen and is_whole(screen))
    assert list(keys.values()) == heading(screen) and len(keys) == 15
    terminal.type(">")  # from another column than the first one
    for key, name in keys.items():
        for reverse in (False, True):
            terminal.type(key)
            terminal.wait_for(lambda screen: is_sorted(screen, name, reverse))
    terminal.type("i")
    terminal.wait_for("by WORKER\n")


def check_size(terminal, width, height, columns):
    """All of it is drawn anew, in the terminal's size."""
    terminal.resize(width, height)

    def fits(screen):
        lines = screen.splitlines()
        return len(lines) == height and max(map(len, lines)) <= width and is_whole(screen) and heading(screen)[:len(columns)] == columns

    return terminal.wait_for(fits)


def test_the_screen_follows_keys_and_size(directory, server):
    with Terminal(directory) as terminal:
        terminal.run(observer.binary(), "top", "--pid", str(server.pid), "--interval", "300ms")
        screen = terminal.wait_for(lambda screen: "worker_3_" in screen and is_whole(screen))
        assert terminal.is_on_the_other_screen()
        assert "REQS" in screen and "q quit" in screen and "%s:%d" % server.address in screen
        for pid in server.workers():
            assert str(pid) in screen

        order = lambda screen: re.findall(r"^worker_(\d+)_", screen, re.MULTILINE)
        assert order(screen) == ["1", "2", "3"]
        terminal.type("r")
        terminal.wait_for(lambda screen: order(screen) == ["3", "2", "1"])
        terminal.type("d")
        terminal.wait_for("by PID")
        terminal.type("<")
        terminal.wait_for("by WORKER")
        ask(server, "/hello", 7)
        check_sorting(terminal)

        terminal.type("p")
        clock = terminal.wait_for("PAUSED").split()[1]
        ask(server, "/hello")
        screen = check_size(terminal, 80, 12, ["WORKER", "STATE", "BUSY%", "FLIGHT", "REQ/S", "AVG"])
        assert screen.split()[1] == clock
        screen = check_size(terminal, 40, 10, ["WORKER", "STATE", "BUSY%"])
        assert order(screen) == ["1", "2", "3"] and screen.startswith(f"gunicorn {clock}  PAUSED")
        terminal.type("p")
        terminal.wait_for(lambda screen: "PAUSED" not in screen and is_whole(screen))
        screen = check_size(terminal, 200, 50, ["WORKER", "PID", "STATE", "BUSY%", "FLIGHT", "REQ/S", "REQS"])
        assert heading(screen)[-1] == "AGE" and "GET /hello" in screen

        terminal.type("q")
        terminal.wait_for(lambda screen: screen.rstrip().endswith("ready$"))
        assert not terminal.is_on_the_other_screen()


def left_behind(terminal, path):
    """The exit code of the shell's last command, and the state in which that has left the terminal."""
    path.unlink(missing_ok=True)
    terminal.enter(f'echo "$? $(stty -g)" > {path}.part; mv {path}.part {path}')
    wait_for(path.exists, terminal.screen)
    code, settings = path.read_text().split()
    return int(code), settings, terminal.modes()


def test_the_terminal_is_as_it_was(directory):
    with Gunicorn(directory, "sync") as server, Terminal(directory) as terminal:
        ends = {
            "q": lambda top: terminal.type("q"),
            "Ctrl-C": lambda top: terminal.type("C-c"),
            "SIGTERM": lambda top: os.kill(top, signal.SIGTERM),
            "SIGHUP": lambda top: os.kill(top, signal.SIGHUP),
            "the target's end": lambda top: server.stop(),
        }
        before = left_behind(terminal, directory / "terminal")
        assert before[0] == 0 and before[2]["cursor"] == "1"
        for name, end in ends.items():
            terminal.run(observer.binary(), "top", "--pid", str(server.pid))
            terminal.wait_for(lambda screen: "worker_1_" in screen and is_whole(screen))
            assert terminal.is_on_the_other_screen() and terminal.modes()["cursor"] == "0"
            (top,) = processes.children_of(terminal.shell())
            end(top)
            wait_for(lambda: not terminal.is_on_the_other_screen(), terminal.screen)
            assert left_behind(terminal, directory / "terminal") == before, name
        assert "the observed Gunicorn has ended" in terminal.screen()


def test_a_closed_terminal_ends_it(directory, server):
    with Terminal(directory) as terminal:
        terminal.run("exec", observer.binary(), "top", "--pid", str(server.pid))
        terminal.wait_for("worker_3_")
        top = terminal.shell()
    wait_for(lambda: not os.path.exists(f"/proc/{top}"), "it has ended")


def test_it_can_be_stopped_and_continued(directory, server):
    with Terminal(directory) as terminal:
        terminal.run(observer.binary(), "top", "--pid", str(server.pid), "--interval", "300ms")
        terminal.wait_for("worker_3_")
        terminal.type("C-z")
        terminal.wait_for("Stopped")
        assert not terminal.is_on_the_other_screen()
        terminal.run("fg")
        terminal.wait_for("worker_3_")
        assert terminal.is_on_the_other_screen()
        terminal.type("q")
        wait_for(lambda: not terminal.is_on_the_other_screen(), terminal.screen)


def test_hostile_names_cannot_garble_the_terminal(directory):
    evil = "Evil\x1b[2J\x1b[31mError"
    paths = [b"/raise-made", b"/%1B[2J", b"/\x1b[2J\x1b[31mred", b"/e\xcc\x81\xcc\x81", "/価格".encode(), b"/\xff\xfe", "/\u202eabc".encode(), b"/" + b"x" * 300]
    with Gunicorn(directory, "sync", options=["--name", "shop\x1b[2J\u202ee\u0301"], environment={"E2E_EXCEPTION": evil}) as server:
        with Terminal(directory, width=100, height=44) as terminal:
            terminal.run(observer.binary(), "top", "--pid", str(server.pid), "--interval", "300ms", "--endpoint-folding", "off")
            terminal.wait_for("worker_1_")
            for path in paths:
                with Connection(server.address) as connection:
                    connection.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    connection.sent("GET", "/")
                    assert connection.receive().status in (400, 404, 500)
            screen = terminal.wait_for(lambda screen: screen.count(" GET /") > len(paths) and is_whole(screen))
            lines = screen.splitlines()
            # Every line is where it belongs, and none reaches into the next one.
            assert lines[0].startswith("gunicorn ") and lines[2].startswith("WORKER") and lines[3].startswith("worker_")
            assert lines[1].startswith("shop\\x1b[2J\\u{202e}e\\u{301}  master ")
            assert lines[-1].startswith("q quit")
            assert all(len(line) <= 100 for line in lines)
            assert not any(sign in screen for sign in "\u0301\u202e\ufffd")
            assert "x~" in screen
            assert re.search("^[0-9:]{8} worker_1_[0-9]+ +1 [^ ]+  GET /raise-made$", screen, re.MULTILINE)
            terminal.type("q")
            wait_for(lambda: not terminal.is_on_the_other_screen(), terminal.screen)
        said = observer.run("check", "--pid", str(server.pid), seconds=60).stdout
        assert "\x1b" not in said and f"master {server.pid}: shop\\x1b[2J" in said


def test_no_colour_when_asked(directory, server):
    with Terminal(directory) as terminal:
        terminal.run("env", "NO_COLOR=1", observer.binary(), "top", "--pid", str(server.pid))
        terminal.wait_for("worker_3_")
        assert not re.search("\x1b\\[[0-9;]*3[0-7]m", terminal.attributes())
        terminal.type("q")
        wait_for(lambda: not terminal.is_on_the_other_screen(), terminal.screen)
        terminal.run(observer.binary(), "top", "--pid", str(server.pid))
        terminal.wait_for("worker_3_")
        wait_for(lambda: re.search("\x1b\\[[0-9;]*3[0-7]m", terminal.attributes()), terminal.attributes)


def test_a_terminal_that_nobody_knows_gets_plain_output(directory, server):
    with Terminal(directory) as terminal:
        terminal.run("env", "TERM=no-such", observer.binary(), "top", "--pid", str(server.pid), "--count", "1")
        screen = terminal.wait_for("worker_3_")
        assert "plain output" in screen and "no-such" in screen
        assert not terminal.is_on_the_other_screen()


def test_two_targets_are_switched(directory, server):
    with Gunicorn(directory, "sync") as other, Terminal(directory) as terminal:
        terminal.run(observer.binary(), "top", "--pid", str(server.pid), "--pid", str(other.pid), "--interval", "300ms")
        first, second = sorted((server.pid, other.pid))  # the later one may have the lower pid: pids wrap around
        both = lambda screen: f"master {first}" in screen and f"master {second}" in screen
        terminal.wait_for(both)
        terminal.type("Tab")
        terminal.wait_for(lambda screen: f"master {first}" in screen and f"master {second}" not in screen)
        terminal.type("Tab")
        terminal.wait_for(lambda screen: f"master {second}" in screen and f"master {first}" not in screen)
        terminal.type("Tab")
        terminal.wait_for(both)
