# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests that look at pages with a real browser. They use the harness of the end-to-end tests."""

import os
import pathlib
import sys

import pytest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from chromium import Chromium  # noqa: E402
from harness import exporter  # noqa: E402


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("these tests need root: they run the exporter", returncode=1)
    if not os.access(exporter.binary(), os.X_OK):
        pytest.exit(f"no binary at {exporter.binary()}: build it, or name one in GBE_BINARY", returncode=1)


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="session")
def screenshots(directory):
    """Where pictures go for people to look at."""
    place = pathlib.Path(os.environ.get("GBE_SCREENSHOTS", directory))
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    running = Chromium(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def browser(chromium):
    """The browser; afterwards nothing may have complained. A test that provokes complaints takes them itself."""
    chromium.complaints()
    yield chromium
    chromium.leave()
    assert chromium.complaints() == []
