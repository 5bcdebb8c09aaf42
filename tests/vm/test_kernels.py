# SPDX-License-Identifier: BSD-2-Clause
"""The binary on the kernels of Debian 11, 12 and 13: every request counted exactly, and nothing lost."""

import pathlib
import re
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "e2e")]

import machine  # noqa: E402
from harness import exporter  # noqa: E402
from harness.exposition import Scrape  # noqa: E402
from harness.ledger import check_consistent, flat  # noqa: E402


@pytest.fixture(scope="session")
def initrd(tmp_path_factory):
    directory = tmp_path_factory.mktemp("vm")
    whole = directory / "initrd"
    with open(whole, "wb") as file:
        for part in (machine.server_archive(), machine.exporter_archive(exporter.binary(), directory)):
            file.write(part.read_bytes())
    return whole


def marked(console, name):
    match = re.search(rf"^@@{name} ?(.*)$", console, re.MULTILINE)
    return match[1] if match else None


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.12"])
def test_twenty_requests(kernel, initrd):
    image = machine.said([str(machine.HERE / "kernel.sh"), kernel]).strip()
    try:
        console = machine.boot(image, initrd)
    except subprocess.TimeoutExpired as expired:
        pytest.fail(f"no verdict within {machine.DEADLINE} s; the console said:\n{(expired.stdout or b'')[-4000:].decode(errors='replace')}")
    assert marked(console, "verdict") == "complete", console[-6000:]
    assert marked(console, "kernel").startswith(kernel + ".")
    assert marked(console, "served") == "20"
    scrape = Scrape(re.search(r"^@@metrics\n(.*?)^@@end$", console, re.MULTILINE | re.DOTALL)[1])
    check_consistent(scrape)
    counted = {name: value for name, value in flat(scrape).items() if value}
    assert counted == {
        "requests": 22, "durations": 22, "responses 200": 21, "responses 404": 1, "failed GET /missing 404": 1,
        "connections http": 22,
    }
    assert len(scrape.workers()) == 1
