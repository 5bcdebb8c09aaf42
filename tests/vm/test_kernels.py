# SPDX-License-Identifier: BSD-2-Clause
"""The binary on the kernels of Debian 11, 12 and 13: every request counted exactly, and nothing lost."""

import json
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
from harness.tracer import PARTS  # noqa: E402


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
        "requests": 25, "durations": 25, "responses 200": 22, "responses 404": 1, "responses 500": 1, "responses 503": 1,
        "failed GET /missing 404": 1, "failed GET /raise 500": 1, "failed GET /unavailable 503": 1, "connections http": 25,
    }
    # The probes in the interpreter: nothing was raised for the 503, three collections were asked for.
    assert scrape.by("gunicorn_worker_error_handling_total", "endpoint", "error_type") == {("/raise", "ValueError"): 1}
    assert scrape.by("gunicorn_bpf_exporter_python_probes", "probe", "state") == {
        ("gc", "attached"): 1, ("import", "attached"): 1, ("raise", "attached"): 1}
    assert scrape.by("gunicorn_worker_gc_pause_seconds_count", "generation")["2"] >= 3
    assert len(scrape.workers()) == 1
    check_traced(console)


def check_traced(console):
    """A sleep of a second, a second on a processor (of which emulation leaves some to others), and a 404."""
    status, lines = re.search(r"^@@traced (\d+)\n(.*?)^@@end$", console, re.MULTILINE | re.DOTALL).groups()
    assert status == "0", console[-6000:]
    slept, burnt, missing = map(json.loads, lines.splitlines())
    for request in (slept, burnt, missing):
        parts = sum(request[part] for part in PARTS)
        assert parts == pytest.approx(request["duration_seconds"], abs=1e-6), request
    assert (slept["path"], burnt["path"], missing["path"], missing["status"]) == ("/sleep", "/burn", "/missing", 404)
    # An emulated machine on a busy one wakes up late, so that a second may be longer; it is never shorter.
    assert 0.99 <= slept["sleeping_seconds"] <= slept["duration_seconds"], slept
    assert slept["sleeping_seconds"] > 0.5 * slept["duration_seconds"], slept
    # In nanoseconds, since sums of decimal fractions are not exact.
    busy, duration = (round(1e9 * sum(burnt[part] for part in parts)) for parts in (
        ("on_cpu_seconds", "gc_seconds", "run_queue_seconds"), ("duration_seconds",)))
    assert 0.9e9 <= busy <= duration, burnt
    assert burnt["sleeping_seconds"] < 0.01, burnt
    assert burnt["on_cpu_seconds"] > 0.5, burnt
    assert not slept["shared"] and slept["accept_queue_seconds"] is not None
