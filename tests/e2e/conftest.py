# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the end-to-end tests. They need root, a real Gunicorn and the binary (GBE_BINARY)."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import results  # noqa: E402
from harness import exporter, processes, server, stress  # noqa: E402


ROOT = pathlib.Path(__file__).resolve().parents[1] / "roots" / "root.sh"
AUTOGROUP = pathlib.Path("/proc/self/autogroup")  # the scheduler's group of this login session


def prefer(session):
    """Clients and servers go before what else this machine does: the client's clock is the oracle of durations. Tests that only count
    run beside each other, and none of them is to keep another one's exporter from getting ready."""
    if os.environ.get("GBE_COUNTS_ONLY"):
        return
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    # The file is empty where this session is in no group of its own, as when no terminal or service manager started it.
    if AUTOGROUP.exists() and (shown := AUTOGROUP.read_text().split()):
        session.autogroup_nice = shown[-1]
        AUTOGROUP.write_text("-15")


def start_stress(session):
    if os.environ.get("GBE_STRESS"):
        session.stress = processes.start([sys.executable, "-B", stress.__file__])


def pytest_sessionfinish(session):
    if hasattr(session, "stress"):
        processes.end(session.stress)
    if hasattr(session, "autogroup_nice"):
        AUTOGROUP.write_text(session.autogroup_nice)


def pytest_configure(config):
    config.addinivalue_line("markers", "clock: compares times in the order of a millisecond, so nothing else may run meanwhile")
    if file := os.environ.get("GBE_RESULTS"):
        config.pluginmanager.register(results.Recorder(file))


def pytest_collection_finish(session):
    timed = [item.nodeid for item in session.items if item.get_closest_marker("clock")]
    if timed and os.environ.get("GBE_COUNTS_ONLY"):
        raise pytest.UsageError(f"these would run beside others, and compare times: declare their file CLOCK in CMakeLists.txt: {timed}")


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the end-to-end tests need root", returncode=1)
    start_stress(session)
    prefer(session)
    if not os.access(exporter.binary(), os.X_OK):
        pytest.exit(f"no binary at {exporter.binary()}: build it, or name one in GBE_BINARY", returncode=1)


class Service:
    """One Gunicorn and one exporter that looks at it."""

    def __init__(self, directory, worker_class, transport="tcp", root=None, **details):
        threads = 4 if worker_class == "gthread" else None
        self.server = server.Gunicorn(directory, worker_class, threads=threads, transport=transport, root=root, **details)
        try:
            self.exporter = exporter.Exporter(directory, pid=self.server.pid)
        except BaseException:
            self.server.stop()
            raise

    def stop(self):
        self.exporter.stop()
        self.server.stop()


class Services:
    """Keeps the last service running: the tests of one combination follow each other."""

    def __init__(self, directory):
        self.directory, self.key, self.current = directory, None, None

    def get(self, worker_class, transport, root=None, **details):
        key = (worker_class, transport, root)
        if self.key != key:
            self.stop()
            self.current, self.key = Service(self.directory, worker_class, transport, root, **details), key
        return self.current

    def stop(self):
        current, self.current, self.key = self.current, None, None
        if current:
            current.stop()


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="module")
def services(directory):
    kept = Services(directory)
    yield kept
    kept.stop()


@pytest.fixture(scope="session")
def root_of():
    """Finds, or makes, the root directory of another Debian."""
    kept = {}

    def find(suite):
        if suite not in kept:
            kept[suite] = subprocess.run([str(ROOT), suite], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        return kept[suite]

    return find
