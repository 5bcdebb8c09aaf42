# SPDX-License-Identifier: BSD-2-Clause
"""The Debian package in a fresh root, and the systemd unit that it brings."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from harness import exporter as observer
from harness import privileges, processes
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(observer.binary()).parent
UNIT = SOURCE / "deploy" / "systemd" / "gunicorn-bpf-exporter.service"
NAME = "gunicorn-bpf-exporter"
# As docs/deployment.md states it; lower is better.
EXPOSURE_AT_MOST = 2.3


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def package():
    """Of the build that is tested."""
    path = pathlib.Path(run(str(SOURCE / "scripts" / "package.sh")).strip())
    assert path.parent == BUILD
    return path


class Root:
    """A copy of a Debian that has never seen the package."""

    def __init__(self, original, packages):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="gbe-root-")) / "root"
        run("cp", "--archive", original, str(self.path))
        shutil.copy(packages, self.path / "package.deb")

    def run(self, *command):
        return run("chroot", str(self.path), *command, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})

    def files(self):
        """All that carry the package's name, but what apt and dpkg remember."""
        found = run("find", str(self.path), "-xdev", "-name", f"*{NAME}*").split()
        return sorted(name.removeprefix(str(self.path)) for name in found if "/var/lib/apt/" not in name and "/var/cache/" not in name)

    def remove(self):
        shutil.rmtree(self.path.parent)


@pytest.fixture(scope="module")
def root(root_of, package):
    made = Root(root_of("bookworm"), package)
    yield made
    made.remove()


def test_what_lintian_says(package):
    # The manual page is made from the options, where the build has what that takes.
    run("lintian", "--allow-root", "--fail-on", "error,warning", str(package))


def test_it_installs_with_what_it_needs(root):
    root.before = root.files()
    assert not root.before
    root.run("apt-get", "install", "--yes", "--no-install-recommends", "/package.deb")
    assert root.run(f"/usr/sbin/{NAME}", "--version").startswith(f"{NAME} ")
    assert f"/etc/default/{NAME}" in root.files()
    # It will start with the system.
    assert (root.path / f"etc/systemd/system/multi-user.target.wants/{NAME}.service").is_symlink()
    assert run("dpkg-query", "--root", str(root.path), "--show", "--showformat", "${db:Status-Status}", NAME) == "installed"


def test_it_brings_what_its_pages_refer_to(root):
    place = root.path / f"usr/share/doc/{NAME}"
    links = re.findall(r"\]\((docs/[^)#]*\.md)", (place / "README.md").read_text())
    assert len(links) > 5 and [link for link in links if not (place / link).is_file()] == []
    # The rules that the configuration names, and each dashboard that another leads to.
    examples = {file.name: file.read_text() for file in (place / "examples").iterdir()}
    assert set(re.findall(r"^  - (.*\.yml)$", examples["prometheus.yml"], re.MULTILINE)) <= set(examples)
    boards = [json.loads(text) for name, text in examples.items() if name.endswith(".json")]
    assert {link["url"] for board in boards for link in board["links"]} == {f"/d/{board['uid']}" for board in boards}


def verified(unit):
    """What systemd has to say about a unit: unknown keys, say, or a program that is not there."""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if NAME in line]


def test_the_unit_is_right(root, directory):
    unit = (root.path / f"usr/lib/systemd/system/{NAME}.service").read_text()
    for path in re.findall(r"^(?:ExecStart|EnvironmentFile)=-?(\S+)", unit, re.MULTILINE):
        assert (root.path / path.lstrip("/")).is_file(), path
    # This machine's systemd looks at it: the program is not installed here but there.
    copy = directory / f"{NAME}.service"
    copy.write_text(unit.replace("ExecStart=/", f"ExecStart={root.path}/"))
    assert verified(copy) == []
    copy.write_text(copy.read_text().replace("ProtectClock=", "ProtectClocks="))
    assert len(verified(copy)) == 1


def test_the_unit_starts_what_was_installed_beside_it(directory, package):
    """`cmake --install` without a package, below /usr/local."""
    run("cmake", "--install", str(BUILD), "--prefix", "/usr/local", env={**os.environ, "DESTDIR": str(directory / "installed")})
    unit = (directory / "installed/usr/local/lib/systemd/system" / f"{NAME}.service").read_text()
    (program,) = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    (page,) = re.findall(r"^Documentation=file://(\S+)", unit, re.MULTILINE)
    assert [(directory / f"installed{path}").is_file() for path in (program, page)] == [True, True], (program, page)


def test_how_exposed_the_unit_is():
    said = run("systemd-analyze", "security", "--offline=yes", "--no-pager", str(UNIT))
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)[1])
    assert exposure <= EXPOSURE_AT_MOST
    assert f"**{EXPOSURE_AT_MOST}**" in (SOURCE / "docs" / "deployment.md").read_text()


def test_the_installed_one_observes(directory, root):
    """In its root, with its libraries, as the unit starts it: its user, its capabilities, its line of options."""
    (root.path / f"etc/default/{NAME}").write_text('ARGS="--routes"\n')
    script = directory / "in-root.sh"
    # $1: the root; $2: the binary of the build, which is passed over.
    script.write_text('root=$1; shift 2; mount -t proc proc "$root/proc"; mount --rbind /sys "$root/sys"; . "$root/etc/default/gunicorn-bpf-exporter"\n'
                      f'exec chroot "$root" {" ".join(privileges.as_user(60124, privileges.of_the_unit()))} /usr/sbin/{NAME} "$@" $ARGS\n')
    wrapper = ["unshare", "--mount", "sh", "-e", str(script), str(root.path)]
    with Gunicorn(directory, "sync") as server, Exporter(directory, wrapper=wrapper, interval="1s") as exporter:
        mine = {"master_pid": str(server.pid)}
        wait_for(lambda: exporter.scrape().select("gunicorn_info", **mine), "it is found")
        before = exporter.scrape().total("gunicorn_worker_requests_total", **mine)
        for path in "/hello", "/raise":
            with Connection(server.address) as connection:
                connection.exchange("GET", path)
        scrape = exporter.scrape()
        assert scrape.total("gunicorn_worker_requests_total", **mine) - before == 2
        assert scrape.by("gunicorn_worker_error_handling_total", "error_type", **mine) == {"ValueError": 1}
        assert scrape.total("gunicorn_http_requests_total", endpoint="/hello", **mine) >= 1  # what ARGS asks for


def test_an_upgrade_keeps_what_the_administrator_wrote(root):
    (root.path / f"etc/default/{NAME}").write_text('ARGS="--routes"\n')
    root.run("dpkg", "--install", "/package.deb")
    assert (root.path / f"etc/default/{NAME}").read_text() == 'ARGS="--routes"\n'
    # Who has disabled it does not find it enabled.
    run("systemctl", f"--root={root.path}", "disable", f"{NAME}.service")
    root.run("dpkg", "--install", "/package.deb")
    assert not (root.path / f"etc/systemd/system/multi-user.target.wants/{NAME}.service").exists()


def test_it_goes_without_a_trace(root):
    root.run("dpkg", "--remove", NAME)
    assert not (root.path / f"usr/sbin/{NAME}").exists()
    assert (root.path / f"etc/default/{NAME}").exists()
    root.run("dpkg", "--purge", NAME)
    assert root.files() == []
    assert run("dpkg-query", "--root", str(root.path), "--show", "--showformat", "${Package} ${db:Status-Abbrev}\n").count(NAME) == 0
    # And comes again.
    root.run("dpkg", "--install", "/package.deb")
    root.run("dpkg", "--purge", NAME)
    assert root.files() == []


class Systemd:
    """The end of systemd that a service of Type=notify talks to."""

    def __init__(self, directory):
        self.path = str(pathlib.Path(directory) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def next(self, seconds=15):
        self.socket.settimeout(seconds)
        return self.socket.recv(4096).decode()

    def quiet(self, seconds):
        """True when nothing comes within that time."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.next(seconds=0.05)
        try:
            self.next(seconds)
            return False
        except TimeoutError:
            return True

    def close(self):
        self.socket.close()
        os.remove(self.path)


def test_what_systemd_hears(directory):
    systemd = Systemd(directory)
    environment = {**os.environ, "NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "1500000"}
    with Exporter(directory, env=environment) as exporter:
        heard = [systemd.next()]
        # Alive before it is ready would be a lie of the loop, which has not begun.
        assert heard == [f"READY=1\nSTATUS=serving {exporter.url}/metrics"]
        assert [systemd.next(seconds=5) for _ in range(3)] == ["WATCHDOG=1"] * 3
        processes.freeze(exporter.process)
        try:
            assert systemd.quiet(2)
        finally:
            exporter.process.send_signal(signal.SIGCONT)
        assert systemd.next() == "WATCHDOG=1"
        exporter.process.send_signal(signal.SIGTERM)
        assert wait_for(lambda: systemd.next() == "STOPPING=1", "it says that it stops")
        assert exporter.process.wait(60) == 0
    systemd.close()


def test_without_systemd_nothing_is_said(directory):
    """No watchdog of another's: WATCHDOG_PID names who is meant."""
    systemd = Systemd(directory)
    with Exporter(directory, env={**os.environ, "NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"}):
        assert systemd.next().startswith("READY=1")
        assert systemd.quiet(1)
    systemd.close()
