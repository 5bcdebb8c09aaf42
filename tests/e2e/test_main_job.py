# SPDX-License-Identifier: BSD-2-Clause
"""The main job: per-worker numbers of a Gunicorn with two sync workers, exact, as the documentation lists them."""

import os
import re
import resource
import signal
import statistics
import subprocess
import time

import pytest

from harness.exporter import Exporter
from harness.ledger import check_consistent, flat, gained
from harness.processes import status_field, wait_for
from harness.server import Gunicorn
from harness.wire import Connection

EVERY_DOCUMENTED = {
    "gunicorn_worker_requests_total": "counter", "gunicorn_worker_request_duration_seconds": "histogram",
    "gunicorn_worker_memory_bytes": "gauge", "gunicorn_worker_cpu_percent": "gauge", "gunicorn_worker_uptime_seconds": "gauge",
    "gunicorn_worker_failed_requests_total": "counter", "gunicorn_worker_error_handling_total": "counter",
    "gunicorn_worker_state": "gauge", "gunicorn_master_worker_restarts_total": "counter",
}


@pytest.fixture(scope="module")
def server(directory):
    with Gunicorn(directory, "sync", workers=2) as running:
        yield running


@pytest.fixture
def exporter(directory, server):
    with Exporter(directory, pid=server.pid) as running:
        yield running


def ask(server, method, path):
    with Connection(server.address) as connection:
        return connection.exchange(method, path)


def settled(exporter, counts):
    """The scrape whose counts are these."""
    wait_for(lambda: {name: value for name, value in flat(exporter.scrape()).items() if value} == counts,
             lambda: f"{ {name: value for name, value in flat(exporter.scrape()).items() if value} } is {counts}")
    return exporter.scrape()


MIXED = [("/hello", 200), ("/missing", 404), ("/raise", 500), ("/sleep?s=0.3", 200)]
DURATION = "gunicorn_worker_request_duration_seconds"


@pytest.mark.clock
def test_durations_of_48_mixed_requests(server, exporter):
    """Request by request, since a machine that lets the client wait now and then changes a mean, but not the median."""
    later, before = [], 0.0
    for count, (path, status) in enumerate(MIXED * 12, 1):
        response = ask(server, "GET", path)
        assert response.status == status
        wait_for(lambda: exporter.scrape().total(DURATION + "_count") == count, "one request more")
        total = exporter.scrape().total(DURATION + "_sum")
        later.append(response.seconds - (total - before))
        before = total
    # The client's clock starts before the worker's first read and ends behind its last write: its times can only be longer.
    assert min(later) >= -0.0001
    assert statistics.median(later) <= 0.0003


def test_48_mixed_requests(server, exporter):
    for path, status in MIXED * 12:
        assert ask(server, "GET", path).status == status
    scrape = settled(exporter, {
        "requests": 48, "durations": 48, "responses 200": 24, "responses 404": 12, "responses 500": 12,
        "failed GET /missing 404": 12, "failed GET /raise 500": 12, "connections http": 48,
    })
    check_consistent(scrape)
    assert scrape.total(DURATION + "_count") == 48
    at = scrape.by(DURATION + "_bucket", "le")
    assert (at["0.25"], at["0.5"], at["+Inf"]) == (36, 48, 48)
    assert scrape.by("gunicorn_worker_error_handling_total", "method", "endpoint") == {("GET", "/raise"): 12}
    assert {labels["worker_id"] for labels, _ in scrape.select("gunicorn_worker_requests_total")} == scrape.workers()


def test_what_is_observed_and_where_is_logged(server, exporter):
    assert f"observing apps:app (master {server.pid}) with 2 workers\n" in exporter.log()
    assert f"listening on {exporter.url}/metrics (live page: {exporter.url}/)\n" in exporter.log()


def test_every_documented_family_is_there(server, exporter):
    text = exporter.scrape().text
    assert dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)).items() >= EVERY_DOCUMENTED.items()
    assert set(re.findall(r"^# HELP (\S+) .", text, re.MULTILINE)) >= EVERY_DOCUMENTED.keys()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_workers_by_name(server, exporter):
    scrape = exporter.scrape()
    pids = server.workers()
    with open("/proc/stat", encoding="ascii") as file:
        boot = next(int(line.split()[1]) for line in file if line.startswith("btime"))
    starts = []
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        starts.append(boot + ticks // os.sysconf("SC_CLK_TCK"))
    assert scrape.workers() == {f"worker_{age}_{start}" for age, start in zip((1, 2), starts)}
    infos = scrape.select("gunicorn_worker_info")
    assert sorted((labels["worker_id"], labels["pid"], value) for labels, value in infos) == \
        sorted((f"worker_{age}_{start}", str(pid), 1.0) for age, start, pid in zip((1, 2), starts, pids))
    for labels, value in scrape.select("gunicorn_worker_state"):
        assert (labels["state"], value) == ("running", 1.0)
        assert re.fullmatch(r"\d+\.\d{3}", labels["timestamp"])
        assert abs(float(labels["timestamp"]) - starts[int(labels["worker_id"].split("_")[1]) - 1]) < 2
    for labels, value in scrape.select("gunicorn_worker_uptime_seconds"):
        assert abs(value - (time.time() - int(labels["worker_id"].rpartition("_")[2]))) < 2
    assert len(scrape.select("gunicorn_worker_state")) == 2


def test_memory_is_the_resident_set(server, exporter):
    def same():
        shown = sorted(value for _, value in exporter.scrape().select("gunicorn_worker_memory_bytes"))
        return shown == sorted(status_field(pid, "VmRSS") * 1024 for pid in server.workers())

    wait_for(same, "memory equals VmRSS of both workers")


def descriptors(pid):
    """How many a process has open, and may have."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        limit = next(int(line.split()[3]) for line in file if line.startswith("Max open files"))
    return len(os.listdir(f"/proc/{pid}/fd")), limit


def test_descriptors_threads_and_memory_of_master_and_workers(server, exporter):
    def shown(scrape):
        workers = {int(labels["pid"]): labels["worker_id"] for labels, _ in scrape.select("gunicorn_worker_info")}
        found = {pid: tuple(scrape.by(f"gunicorn_worker_{what}_fds", "worker_id")[name] for what in ("open", "max")) for pid, name in workers.items()}
        (found[server.pid],) = {tuple(scrape.total(f"gunicorn_master_{what}_fds") for what in ("open", "max"))}
        return found

    def same():
        return shown(exporter.scrape()) == {pid: descriptors(pid) for pid in (server.pid, *server.workers())}

    wait_for(same, "descriptors and limits are those of /proc")
    worker = server.workers()[1]
    before = [resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in (server.pid, worker)]
    try:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (333, before[0][1]))
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (222, before[1][1]))
        wait_for(lambda: exporter.scrape().total("gunicorn_master_max_fds") == 333, "the next sample")
        wait_for(same, "descriptors and limits are those of /proc")
    finally:
        for pid, limits in zip((server.pid, worker), before):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    wait_for(lambda: exporter.scrape().total("gunicorn_master_memory_bytes") == status_field(server.pid, "VmRSS") * 1024, "memory equals VmRSS")
    assert exporter.scrape().total("gunicorn_master_threads") == status_field(server.pid, "Threads")


def test_the_exporters_own_process(server, exporter):
    pid = exporter.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limits[1] - 1, limits[1]))
    before, idle = cpu_seconds(pid), descriptors(pid)[0]
    scrape = exporter.scrape()
    after = cpu_seconds(pid)
    assert sum(before.values()) - 0.001 <= scrape.total("process_cpu_seconds_total") <= sum(after.values()) + 0.001  # sums of floats
    assert scrape.total("process_max_fds") == limits[1] - 1
    assert idle <= scrape.total("process_open_fds") <= idle + 2  # the connection of the scrape, and that of the one before
    assert scrape.total("process_threads") == status_field(pid, "Threads")
    assert scrape.total("process_resident_memory_bytes") == pytest.approx(status_field(pid, "VmRSS") * 1024, abs=4e6)
    assert scrape.total("process_virtual_memory_bytes") == pytest.approx(status_field(pid, "VmSize") * 1024, abs=200e6)
    with open("/proc/stat", encoding="ascii") as file:
        boot = next(int(line.split()[1]) for line in file if line.startswith("btime"))
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    assert scrape.total("process_start_time_seconds") == pytest.approx(boot + ticks / os.sysconf("SC_CLK_TCK"), abs=0.001)


def cpu_seconds(pid):
    """User and system time of a process, by /proc."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return {mode: int(ticks) / os.sysconf("SC_CLK_TCK") for mode, ticks in zip(("user", "system"), fields[11:13])}


def test_processor_time_is_that_of_proc_and_stays(server, exporter):
    assert ask(server, "GET", "/burn?s=0.5").status == 200
    cpu = "gunicorn_worker_cpu_seconds_total"

    def shown():
        scrape = exporter.scrape()
        return {int(labels["pid"]): scrape.by(cpu, "mode", worker_id=labels["worker_id"]) for labels, _ in scrape.select("gunicorn_worker_info")}

    wait_for(lambda: shown() == {pid: cpu_seconds(pid) for pid in server.workers()}, "both workers' times are those of /proc")
    busiest = max(server.workers(), key=lambda pid: cpu_seconds(pid)["user"])
    last = cpu_seconds(busiest)
    (name,) = {labels["worker_id"] for labels, _ in exporter.scrape().select("gunicorn_worker_info", pid=str(busiest))}
    os.kill(busiest, signal.SIGKILL)
    wait_for(lambda: name not in exporter.scrape().workers(), "its end")
    assert exporter.scrape().by(cpu, "mode", worker_id=name) == pytest.approx(last, abs=0.02)  # it may have done something in between
    wait_for(lambda: len(exporter.scrape().workers()) == 2, "its replacement")


def test_cpu_percentage_does_not_wait_for_the_sampling_interval(directory, server):
    with Exporter(directory, pid=server.pid, interval="1h") as exporter:
        wait_for(lambda: len(exporter.scrape().select("gunicorn_worker_cpu_percent")) == 2, "a value for each worker")
        born = exporter.scrape().workers()
        os.kill(server.workers()[0], signal.SIGKILL)
        wait_for(lambda: exporter.scrape().workers() - born, "the replacement")
        for gauge in ("cpu_percent", "memory_bytes"):
            wait_for(lambda: {labels["worker_id"] for labels, _ in exporter.scrape().select(f"gunicorn_worker_{gauge}")} == exporter.scrape().workers(),
                     f"{gauge} of the replacement, too")


@pytest.mark.clock
def test_cpu_of_a_busy_and_an_idle_worker(server, exporter):
    with Connection(server.address) as connection:
        connection.ask("GET", "/burn?s=4")
        time.sleep(3)
        shown = sorted(value for _, value in exporter.scrape().select("gunicorn_worker_cpu_percent"))
        assert connection.receive().status == 200
    assert len(shown) == 2
    assert shown[0] < 5 and 80 < shown[1] < 110, shown


def test_ids_and_counts_over_an_exporter_restart(directory, server, exporter):
    ask(server, "GET", "/hello")
    first = exporter.scrape()
    assert exporter.scrape().workers() == first.workers()
    assert exporter.stop() == 0
    with Exporter(directory, pid=server.pid) as again:
        assert again.scrape().workers() == first.workers()
        assert again.scrape().total("gunicorn_worker_requests_total") == 0
        ask(server, "GET", "/hello")
        assert settled(again, {"requests": 1, "durations": 1, "responses 200": 1, "connections http": 1})


def test_two_exporters_at_once(directory, server, exporter):
    with Exporter(directory, pid=server.pid) as other:
        for _ in range(5):
            ask(server, "GET", "/hello")
        expected = {"requests": 5, "durations": 5, "responses 200": 5, "connections http": 5}
        settled(exporter, expected)
        settled(other, expected)
    ask(server, "GET", "/hello")
    settled(exporter, {"requests": 6, "durations": 6, "responses 200": 6, "connections http": 6})


# The load takes both processors, and the exporter has to keep up with it.
@pytest.mark.clock
def test_wrk_at_full_speed(server, exporter):
    connections = 16
    before = exporter.scrape()
    report = subprocess.run(["wrk", "-t1", f"-c{connections}", "-d10s", "http://%s:%d/hello" % server.address],
                            check=True, capture_output=True, text=True).stdout
    completed = int(re.search(r"(\d+) requests in", report)[1])
    assert "Non-2xx" not in report
    assert completed > 1000, report

    def total():
        return exporter.scrape().total("gunicorn_worker_requests_total")

    # What was in flight or still in the backlog when wrk left is served, or fails, in a moment.
    wait_for(lambda: (now := total()) and (time.sleep(0.3), total())[1] == now, "the count comes to rest")
    after = exporter.scrape()
    assert completed <= gained(before, after)["requests"] <= completed + connections
    check_consistent(after)
    wait_for(lambda: exporter.scrape().total("gunicorn_bpf_exporter_map_entries", map="connections") == 0, "no connection is left")


def test_reload_counts_restarts(server, exporter):
    old = exporter.scrape().workers()
    ask(server, "GET", "/hello")
    wait_for(lambda: exporter.scrape().total("gunicorn_worker_requests_total") == 1, "the request")
    server.signal(signal.SIGHUP)
    wait_for(lambda: exporter.scrape().total("gunicorn_master_worker_restarts_total") == 2, "two restarts")
    wait_for(lambda: len(exporter.scrape().workers()) == 2, "two workers")
    scrape = exporter.scrape()
    ages = lambda ids: sorted(int(name.split("_")[1]) for name in ids)
    assert ages(scrape.workers()) == [age + 2 for age in ages(old)]
    assert scrape.by("gunicorn_worker_exits_total", "reason")["reload"] == 2
    assert scrape.total("gunicorn_worker_exits_total") == 2
    # Gauges go with their worker, counters stay.
    assert scrape.total("gunicorn_worker_requests_total") == 1
    assert {labels["worker_id"] for labels, _ in scrape.select("gunicorn_worker_requests_total")} == old | scrape.workers()
    time.sleep(1.2)
    assert exporter.scrape().total("gunicorn_master_worker_restarts_total") == 2


def test_dead_worker(server, exporter):
    ask(server, "GET", "/hello")
    victim = server.workers()[0]
    before = exporter.scrape().workers()
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(exporter.scrape().workers() - before) == 1, "the replacement")
    scrape = exporter.scrape()
    assert len(scrape.workers()) == 2
    assert {int(labels["pid"]) for labels, _ in scrape.select("gunicorn_worker_info")} == set(server.workers()) - {victim}
    for gauge in ("gunicorn_worker_memory_bytes", "gunicorn_worker_cpu_percent", "gunicorn_worker_state"):
        assert {labels["worker_id"] for labels, _ in scrape.select(gauge)} <= scrape.workers()
    assert scrape.by("gunicorn_worker_exits_total", "reason")["killed"] == 1
    assert scrape.total("gunicorn_master_worker_restarts_total") == 1
    assert scrape.total("gunicorn_worker_requests_total") == 1


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_new_master_from_its_first_request(directory, worker_class):
    """Without --pid, a Gunicorn that starts later is exact from its first millisecond."""
    with Exporter(directory) as watching:
        threads = 4 if worker_class == "gthread" else None
        with Gunicorn(directory, worker_class, workers=2, threads=threads, options=["--preload"], wait=False) as server:
            answered, deadline = 0, time.monotonic() + 10
            while answered < 200 and time.monotonic() < deadline:
                try:
                    with Connection(server.address) as connection:
                        answered += connection.exchange("GET", "/hello").status == 200
                except ConnectionRefusedError:
                    pass
            assert answered == 200
            master = str(server.pid)

            def counted():
                return watching.scrape().total("gunicorn_worker_requests_total", master_pid=master)

            wait_for(lambda: counted() >= 200, lambda: f"200 requests, not {counted()}")
            time.sleep(0.3)
            assert counted() == 200
            scrape = watching.scrape()
            (app,) = {labels["app"] for labels, _ in scrape.select("gunicorn_worker_requests_total", master_pid=master)}
            assert app == "apps:app"
            check_consistent(scrape)
