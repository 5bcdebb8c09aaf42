# SPDX-License-Identifier: BSD-2-Clause
"""The live page in a real browser: what it shows is what went over the wire, and nothing that it is shown is run."""

import contextlib
import urllib.parse

import pytest

from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from load import Load, ask
from fake_exporter import FakeExporter

MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = {  # as asked for -> as shown
    "/<img/src=x/onerror=alert(1)>": "/<img/src=x/onerror=alert(1)>",
    "/\"'&quot;</td><script>alert(2)</script>": "/\"'&quot;</td><script>alert(2)</script>",
    "/\u202etxt.exe\u2066\u200f": "/\\u202etxt.exe\\u2066\\u200f",
    "/" + "y" * 400: "/" + "y" * 400,
}


@pytest.fixture(scope="module")
def gunicorn(directory):
    with Gunicorn(directory, "gthread", workers=2, threads=4, environment={"E2E_EXCEPTION": MARKUP}) as running:
        yield running


@contextlib.contextmanager
def left(browser):
    """The page is closed at the end, before what goes on around this."""
    try:
        yield
    finally:
        browser.leave()


@pytest.fixture
def exporter(directory, gunicorn, browser):
    """One that has counted nothing yet."""
    with Exporter(directory, pid=gunicorn.pid) as running, left(browser):
        yield running


@pytest.fixture(scope="module")
def any_exporter(directory, gunicorn):
    """One for tests that count nothing."""
    with Exporter(directory, pid=gunicorn.pid) as running:
        yield running


@pytest.fixture
def fake(any_exporter, browser):
    with FakeExporter(any_exporter.url) as running, left(browser):
        yield running


def raw(path):
    return path.encode().decode("latin-1") # the client writes each character as one byte


def seen(browser):
    return int(browser.value("#tile-rate") or -1)


def shows(browser, requests):
    """Waits until the page counts so many requests. There is no other clock: the page polls by itself."""
    wait_for(lambda: seen(browser) == requests, lambda: f"{requests} requests on the page, which says {seen(browser)}")


def live(browser):
    wait_for(lambda: browser.text("#connection").startswith("Live"), lambda: f"live, not {browser.text('#connection')!r}")


def by(rows, *titles):
    return {tuple(row[title] for title in titles): row for row in rows}


def test_numbers_are_those_of_the_wire(browser, exporter, gunicorn):
    asked = ["/hello"] * 20 + ["/raise"] * 3 + ["/raise-key"] * 2 + ["/raise-made"] + ["/missing"] * 4 + ["/unavailable"] * 2
    statuses = ask(gunicorn.address, *asked)
    browser.open(exporter.url)
    shows(browser, len(asked))
    scrape = exporter.scrape()
    workers = by(browser.table("#workers"), "Worker")
    assert {name for name, in workers} == set(scrape.workers())
    assert {int(row["PID"]) for row in workers.values()} == set(gunicorn.workers())
    assert sum(row["Requests value"] for row in workers.values()) == len(asked)
    for row in workers.values():
        assert (row["State"], row["Now"], row["In flight"], row["Open"]) == ("running", "idle", "0", "0")
    errors = {(row["Type"], row["Endpoint"]): row["Seen value"] for row in browser.table("#errors")}
    assert errors == {("ValueError", "GET /raise"): 3, ("KeyError", "GET /raise-key"): 2, (MARKUP, "GET /raise-made"): 1,
                      ("unknown", "GET /unavailable"): 2}
    failed = {(row["Endpoint"], int(row["Status"])): row["Seen value"] for row in browser.table("#failed")}
    assert failed == {("GET /raise", 500): 3, ("GET /raise-key", 500): 2, ("GET /raise-made", 500): 1, ("GET /missing", 404): 4,
                      ("GET /unavailable", 503): 2}
    assert sum(failed.values()) == sum(status >= 400 for status in statuses)
    assert browser.text("#identity").startswith("apps:app")
    assert "gthread" in browser.text("#identity")
    assert [row["Address"] for row in browser.table("#listeners")] == ["%s:%d" % gunicorn.address]


def test_updates_by_itself(browser, exporter, gunicorn):
    browser.open(exporter.url)
    shows(browser, 0)
    browser.script("window.mark = 'the same document'")
    assert browser.table("#errors") == []
    for total in (5, 12):
        ask(gunicorn.address, *["/raise"] * (total - seen(browser)))
        shows(browser, total)
    (row,) = browser.table("#errors")
    title = next(name for name in row if name.startswith("Last") and name.endswith("value"))
    assert row[title] == row["Seen value"] == 12, "all of them came while the page was looking"
    assert browser.script("return window.mark") == "the same document"


def test_rates_and_latencies_under_load(browser, exporter, gunicorn, screenshots):
    """Rates from the page over its own time agree with what the clients got."""
    browser.open(exporter.url)
    live(browser)
    kinds = ["/sleep?s=0.03", "/hello", "/hello", "/sleep?s=0.12", "/hello", "/missing", "/raise", "/raise-key", "/users/4711"]
    with Load(gunicorn.address, kinds, clients=3, pause=0.02) as load:
        wait_for(lambda: browser.text("#tile-latency").endswith("ms") and int(browser.text("#tile-flight") or 0) > 0, "latency and requests in flight")
        wait_for(lambda: float(browser.text("#tile-errors").replace("–", "0")) > 0, "5xx per second")
        wait_for(lambda: len(browser.script("return [...document.querySelectorAll('.chart canvas')]")) == 6, "six charts")
        wait_for(lambda: sum(load.answered.values()) > 300, "enough of them for a picture")
        for name, width, dark in (("light", 1280, False), ("dark", 1280, True), ("phone", 320, False)):
            browser.view(width, 900, dark)
            shown = seen(browser)
            wait_for(lambda: seen(browser) > shown, "drawn anew")
            assert browser.overflow() == 0
            browser.screenshot(screenshots / f"live-{name}.png")
    shows(browser, sum(load.answered.values()))
    failed = sum(row["Seen value"] for row in browser.table("#failed"))
    assert failed == sum(count for status, count in load.answered.items() if status >= 400)
    label = browser.script("return document.querySelector('.chart:nth-child(3) .plot').getAttribute('aria-label')")
    assert label.startswith("Durations of ") and "100 ms to 250 ms" in label, label
    shares = {row["Now"] for row in browser.table("#workers")}
    assert shares == {"idle"}


def test_hostile_names_are_text(browser, exporter, gunicorn):
    ask(gunicorn.address, *map(raw, HOSTILE), "/raise-made")
    browser.open(exporter.url)
    shows(browser, len(HOSTILE) + 1)
    endpoints = [row["Endpoint"] for row in browser.table("#failed")]
    assert sorted(endpoints) == sorted([f"GET {shown}" for shown in HOSTILE.values()] + ["GET /raise-made"])
    assert [row["Type"] for row in browser.table("#errors")] == [MARKUP]
    assert browser.script("return document.querySelectorAll('main img, main script, main td *').length") == 0
    browser.view(320, 640)
    shown = browser.script("return performance.now()")
    wait_for(lambda: browser.script("return performance.now()") > shown + 100, "laid out anew")
    assert browser.overflow() == 0


def test_asks_nobody_else(browser, any_exporter):
    browser.origins()
    browser.asked.clear()
    browser.open(any_exporter.url)
    live(browser)
    assert browser.origins() == {any_exporter.url}
    refused = browser.script("""
        const image = document.createElement("img");
        const policy = new Promise((found) => document.addEventListener("securitypolicyviolation", (event) => found(event.effectiveDirective)));
        image.src = "http://127.0.0.1:9/elsewhere.png";
        return policy;
    """)
    assert refused == "img-src"
    assert browser.complaints(), "the policy is in force"
    browser.leave()


def test_links_lead_somewhere(browser, directory, gunicorn):
    with Exporter(directory, "--web.telemetry-path", "/observed/metrics", pid=gunicorn.pid) as exporter, left(browser):
        browser.open(exporter.url)
        live(browser)
        links = browser.script("return [...document.querySelectorAll('nav a')].map((link) => link.href)")
        assert exporter.url + "/observed/metrics" in links and exporter.url + "/-/healthy" in links
        for link in links:
            assert exporter.get(urllib.parse.urlsplit(link).path)[0] == 200, link
        assert "uplot" in exporter.get("/assets/licenses.txt")[1]


def test_survives_a_restart_of_the_exporter(browser, directory, gunicorn):
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Exporter(directory, pid=gunicorn.pid))
        ask(gunicorn.address, *["/hello"] * 9)
        browser.open(first.url)
        shows(browser, 9)
        first.stop()
        wait_for(lambda: browser.text("#connection").startswith("Connection lost"), "says that it is lost")
        assert "Last answer at" in browser.text("#connection")
        assert seen(browser) == 9, "the last numbers stay"
        stack.enter_context(Exporter(directory, pid=gunicorn.pid, port=first.port))
        stack.enter_context(left(browser))
        ask(gunicorn.address, *["/hello"] * 4)
        live(browser)
        shows(browser, 4)
        assert all("net::ERR_" in said for said in browser.complaints())


def test_workers_come_and_go(browser, directory):
    with Gunicorn(directory, "sync", workers=2) as server, Exporter(directory, pid=server.pid) as exporter, left(browser):
        browser.open(exporter.url)
        ask(server.address, *["/hello"] * 3)
        shows(browser, 3)
        before = set(by(browser.table("#workers"), "Worker"))
        with contextlib.suppress(AssertionError):
            ask(server.address, "/die?how=exit")
        wait_for(lambda: len(browser.table("#workers")) == 3, "the ended one and its successor")
        ask(server.address, *["/hello"] * 2)
        shows(browser, 5)
        rows = browser.table("#workers")
        assert [row["State"] for row in rows] == ["running", "running", "ended"]
        assert (rows[2]["Worker"],) in before and rows[2]["Memory"] == "–"
        assert browser.table("#exits") == [{"Reason": "app_exit", "Workers": "1", "Workers value": 1}]


def test_several_gunicorns(browser, directory, gunicorn):
    with Gunicorn(directory, "sync") as other, Exporter(directory, pid=[gunicorn.pid, other.pid]) as exporter, left(browser):
        ask(other.address, *["/hello"] * 7)
        browser.open(exporter.url)
        wait_for(lambda: len(browser.table("#targets")) == 2, "two Gunicorns to choose from")
        for server, requests in ((other, 7), (gunicorn, 0), (other, 7)):
            browser.script("[...document.querySelectorAll('#targets tbody tr')].find((row) => row.children[1].textContent == arguments[0])"
                           ".querySelector('button').click()", str(server.pid))
            shows(browser, requests)
            assert f"master {server.pid}" in browser.text("#identity")
        browser.driver.refresh()
        shows(browser, 7)
        assert browser.script("return document.querySelector('tr[aria-current=true]').children[1].textContent") == str(other.pid)


def test_says_so_when_there_is_nothing(browser, fake, screenshots):
    targets, fake.answer["targets"] = fake.answer["targets"], []
    browser.open(fake.url)
    wait_for(lambda: "No Gunicorn found yet" in browser.text("#empty"), "the empty page")
    assert browser.text("#workers") == ""
    browser.screenshot(screenshots / "live-empty.png")
    fake.answer["targets"] = targets
    wait_for(lambda: len(browser.table("#workers")) == 2, "appears by itself")
    assert browser.text("#empty") == ""


def test_says_what_is_wrong(browser, fake):
    fake.answer["self"]["events_lost"]["ring_full"] = 12
    fake.answer["ready"] = False
    (target,) = fake.answer["targets"]
    target["workers"][0]["state"] = "abort"
    browser.open(fake.url)
    wait_for(lambda: "ring_full 12" in browser.text("#health"), "what was lost")
    assert "does not observe" in browser.text("#notices") and "aborted" in browser.text("#notices")
    fake.answer = 503
    wait_for(lambda: "not today" in browser.text("#connection"), "the exporter's own words")
    browser.leave()
    assert all("status of 503" in said for said in browser.complaints())


def test_pauses_while_nobody_looks(browser, fake):
    browser.open(fake.url)
    live(browser)
    page = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    polls = fake.polls
    began = browser.script("return performance.now()")
    wait_for(lambda: browser.script("return performance.now()") > began + 5000, "five seconds of another tab")
    assert fake.polls <= polls + 1, "one may have been on its way"
    browser.driver.close()
    browser.driver.switch_to.window(page)
    wait_for(lambda: fake.polls > polls + 1, "asks again")
    live(browser)
