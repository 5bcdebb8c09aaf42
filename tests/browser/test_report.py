# SPDX-License-Identifier: BSD-2-Clause
"""A report in a real browser, from a file: everything is in it, and nothing that was recorded is run."""

import time

import pytest

from harness.recorder import Recorder
from harness.server import Gunicorn
from load import ask

MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = "/\"'</script><script>alert(2)</script>"
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def page(directory):
    with Gunicorn(directory, "gthread", workers=2, threads=4, environment={"E2E_EXCEPTION": MARKUP}) as gunicorn, Recorder(directory, gunicorn.pid) as recorder:
        ask(gunicorn.address, *["/hello"] * 20, *["/raise"] * 3, *["/raise-made"] * 2, HOSTILE, *["/sleep?s=0.4"] * 3, "/burn?s=0.4")
        recorder.finish()
        path = recorder.output.with_suffix(".html")
        recorder.output.rename(path)
        yield path


def test_everything_is_drawn(browser, page, screenshots):
    assert page.stat().st_size < MOST_BYTES
    browser.open(page.as_uri())
    assert browser.script("return document.documentElement.dataset.drawn") == "yes"
    assert browser.script("return document.querySelectorAll('#charts canvas').length") == 4
    assert browser.text("#tiles").split()[1] == "30"
    routes = {row["Route"]: row for row in browser.table("#routes")}
    assert routes["GET /hello"]["Requests value"] == 20 and routes["GET /sleep"]["p50 value"] == pytest.approx(0.4, rel=0.1)
    slowest = browser.script("return [...document.querySelectorAll('.requests summary .path')].map((node) => node.textContent)")
    assert set(slowest[:4]) == {"GET /sleep", "GET /burn"}
    assert len(browser.script("return [...document.querySelectorAll('.flames svg g')]")) > 10
    assert "burn (" in browser.script("return document.querySelector('#stacks').textContent")
    assert browser.script("return document.querySelectorAll('#workers tbody tr').length") == 2
    browser.script("document.querySelector('.requests details').open = true")
    assert "apps.py:" in browser.text(".requests details")
    assert "uplot" in browser.script("return document.querySelector('#licences').textContent")
    for name, width, dark in (("light", 1280, False), ("dark", 1280, True), ("phone", 360, False)):
        browser.view(width, 900, dark)
        assert browser.overflow() == 0, name
        time.sleep(0.5)  # the flame graphs follow the width, and move
        widths = browser.script("return [...document.querySelectorAll('.flames')].map((place) => [place.clientWidth, ...[...place.querySelectorAll('rect')].map("
                                "(rect) => rect.getBoundingClientRect().width)])")
        assert len(widths) == 2 and all(max(frames) == pytest.approx(place, abs=2) for place, *frames in widths), (name, widths)
        browser.screenshot(screenshots / f"report-{name}.png")


def test_names_are_text_and_nothing_is_fetched(browser, page):
    browser.open(page.as_uri())
    assert browser.script("return document.querySelectorAll('img').length") == 0
    assert {row["Type"] for row in browser.table("#errors")} == {"ValueError", MARKUP}
    assert f"GET {HOSTILE}" in [row["Route"] for row in browser.table("#routes")]
    assert all(origin == "file://" for origin in browser.origins() if not origin.startswith("http://127.0.0.1"))
