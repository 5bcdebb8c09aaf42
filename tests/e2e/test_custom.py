# SPDX-License-Identifier: BSD-2-Clause
"""The application's own metrics are what the Python client says of its own files, byte for byte after sorting."""

import contextlib
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import uuid

import pytest

from harness import custom
from harness.custom import client_says, own_lines
from harness.exporter import Exporter
from harness.processes import wait_for
from harness.server import Gunicorn
from harness.wire import Connection

FILES = "gunicorn_bpf_exporter_custom_files"
REFUSED = "gunicorn_bpf_exporter_custom_files_refused_total"
SERIES_REFUSED = "gunicorn_bpf_exporter_custom_series_refused"
OPENMETRICS = {"Accept": "application/openmetrics-text"}


class Shop:
    """A Gunicorn whose application keeps its metrics in a directory of its own."""

    def __init__(self, directory, workers=3, root=None, environment=None, wrapper=(), **details):
        outside = pathlib.Path(root or "/") / f"tmp/gbe-custom-{uuid.uuid4().hex}"
        outside.mkdir()
        self.files = outside
        inside = f"/tmp/{outside.name}" if root else str(outside)
        self.server = Gunicorn(directory, workers=workers, root=root, application="custom_app", wrapper=wrapper,
                               environment=environment(inside) if callable(environment) else {"E2E_METRICS": inside, **(environment or {})}, **details)

    def work(self, count, first=0):
        """So many requests; returns the pids that answered, as the application has them."""
        seen = set()
        for seed in range(first, first + count):
            with Connection(self.server.address) as connection:
                seen.add(int(connection.exchange("GET", f"/work?seed={seed}").body))
        return seen

    def work_on_all(self):
        """Until each worker has answered."""
        seen = set()
        wait_for(lambda: seen.update(self.work(6, 1000 + len(seen))) or len(seen) >= self.server.count, "each worker answers")
        return seen

    def replaced(self, pid):
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(self.server.workers()) == self.server.count and pid not in self.server.workers(), "its successor")

    def close(self):
        self.server.stop()
        shutil.rmtree(self.files, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def shown(exporter, expected, what="the application's metrics are shown"):
    """Waits for the files to be found and for the process tree to know who lives, and compares line by line. The client cannot
    read a file that a worker is just making: then both are asked again."""
    pair = []

    def same():
        with contextlib.suppress(custom.ClientFailed):
            pair[:] = own_lines(exporter.get("/metrics")[1]), expected()
            return pair[0] == pair[1]
        return False

    try:
        wait_for(same, what, every=0.1)
    except AssertionError:
        if pair:
            assert pair[0] == pair[1]
        raise


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_equals_the_client(directory, worker_class):
    with Shop(directory, worker_class=worker_class, threads=4 if worker_class == "gthread" else None) as shop, \
            Exporter(directory, pid=shop.server.pid) as exporter:
        shop.work_on_all()
        said = client_says(shop.files)
        assert len(said) > 100 and any("app_order_value_dollars_bucket" in line for line in said)
        shown(exporter, lambda: client_says(shop.files))
        status, text = exporter.get("/metrics", **OPENMETRICS)
        assert status == 200 and text.endswith("\n# EOF\n") and text.count("# EOF") == 1
        assert own_lines(text) == client_says(shop.files, kind="openmetrics")
        checked = subprocess.run(["promtool", "check", "metrics"], input=exporter.get("/metrics")[1].encode(), capture_output=True)
        assert checked.returncode in (0, 3), checked.stderr  # 3: it can be read, but there are remarks about the application's style
        # The exporter's own name stays its own.
        scrape = exporter.scrape()
        assert all(labels["worker_id"] != "worker_1" for labels, _ in scrape.select("gunicorn_worker_requests_total"))
        assert scrape.total(SERIES_REFUSED, reason="name_clash") == 1
        assert scrape.text.count("# TYPE gunicorn_worker_requests_total") == 1
        assert scrape.total(FILES) == len(list(shop.files.iterdir()))
        assert scrape.total(REFUSED) == 0
        # Workers that die keep their part of what is summed up; of what counts while they live they keep nothing.
        dead = shop.server.workers()[:2]
        for pid in dead:
            shop.replaced(pid)
        shown(exporter, lambda: client_says(shop.files, dead))
        shop.work_on_all()
        shown(exporter, lambda: client_says(shop.files, dead))
        assert client_says(shop.files, dead) != client_says(shop.files)
        for pid in dead:
            for file in shop.files.glob(f"gauge_live*_{pid}.db"):  # mark_process_dead() does no more
                file.unlink()
        shown(exporter, lambda: client_says(shop.files))


def test_found_by_the_environment(directory):
    """Files of earlier processes, of which none is mapped."""
    with Shop(directory, workers=1) as first:
        first.work(3)
        kept = pathlib.Path(tempfile.mkdtemp(prefix="gbe-kept-"))
        for file in first.files.iterdir():
            shutil.copy(file, kept)
    try:
        with Gunicorn(directory, environment={"PROMETHEUS_MULTIPROC_DIR": str(kept)}) as server, Exporter(directory, pid=server.pid) as exporter:
            dead = {file.stem.rpartition("_")[2] for file in kept.iterdir()}
            shown(exporter, lambda: client_says(kept, dead))
            assert any("app_orders_total" in line for line in client_says(kept, dead))
    finally:
        shutil.rmtree(kept)


def test_in_a_pid_namespace(directory):
    """There all pids are small numbers: of host processes, too."""
    wrapper = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    with Shop(directory, workers=2, wrapper=wrapper, forks=True) as shop, Exporter(directory, pid=shop.server.pid) as exporter:
        inside = shop.work_on_all()
        assert max(inside) < 100
        shown(exporter, lambda: client_says(shop.files))
        before = set(inside)
        shop.replaced(shop.server.workers()[0])
        after = shop.work_on_all()
        (dead,) = before - after
        shown(exporter, lambda: client_says(shop.files, [dead]))


def key(name, value, key_text=None):
    text = (key_text or f'["{name}", "{name}", {{}}, "hostile"]').encode()
    padded = text + b" " * (8 - (len(text) + 4) % 8)
    return struct.pack("<i", len(text)) + padded + struct.pack("<d", value)


def file_of(*entries, used=None, size=65536):
    body = b"".join(entries)
    return (struct.pack("<ii", 8 + len(body) if used is None else used, 0) + body).ljust(size, b"\0")


def test_hostile_files_cost_themselves(directory):
    with Shop(directory, workers=1) as shop, Exporter(directory, pid=shop.server.pid) as exporter:
        shop.work(2)
        said = client_says(shop.files)
        shown(exporter, lambda: said)
        good = key("app_hostile", 1.0)
        (shop.files / "gauge_sum_1.db").write_bytes(b"")
        (shop.files / "gauge_sum_2.db").write_bytes(b"\x08\0")
        (shop.files / "gauge_sum_3.db").write_bytes(file_of(good, used=100000))
        (shop.files / "gauge_sum_4.db").write_bytes(file_of(good, used=2**31 - 8))
        (shop.files / "gauge_sum_5.db").write_bytes(file_of(good, used=-8))
        (shop.files / "gauge_sum_6.db").write_bytes(file_of(struct.pack("<i", 2**30), used=48))
        (shop.files / "gauge_sum_7.db").write_bytes(file_of(key("x", 1, '{"not": "a list"}')))
        (shop.files / "gauge_sum_8.db").write_bytes(file_of(key("x", 1, '["never closed]')))
        (shop.files / "gauge_sum_9.db").write_bytes(file_of(key("x", 1, '["spaced name", "spaced name", {}, ""]')))
        (shop.files / "gauge_sum_10.db").write_bytes(file_of(good)[:40])
        (shop.files / "gauge_wild_11.db").write_bytes(file_of(good))
        (shop.files / "gauge_sum_12.db").symlink_to(shop.files / "gauge_sum_9.db")
        (shop.files / "counter_13.db").symlink_to("/etc/passwd")
        os.mkfifo(shop.files / "gauge_sum_14.db")
        (shop.files / "gauge_sum_15.db").mkdir()
        with open(shop.files / "gauge_sum_16.db", "wb") as file:
            file.write(file_of(used=8))
            file.truncate(2**40)
        with open(shop.files / "gauge_sum_17.db", "wb") as file:
            file.write(file_of(used=2**30))
            file.truncate(2**40)
        (shop.files / "sqlite.db").write_bytes(b"SQLite format 3\0")
        (shop.files / "gauge_sum_18.db").write_bytes(file_of(key("x", 1, '["' + "é" + '"]')).replace("é".encode(), b"\xff\xfe"))
        (shop.files / "gauge_sum_20.db").write_bytes(file_of(key("x", 1, '["' + "[" * 60000 + '"]')))
        (shop.files / "gauge_sum_21.db").write_bytes(file_of(key("x", 1, '["x", ' + "[" * 60000 + "]" * 60000 + "]"), size=131072))

        before = exporter.scrape()
        after = exporter.scrape()
        assert own_lines(after.text) == said
        once = {reason: count - before.by(REFUSED, "reason")[reason] for reason, count in after.by(REFUSED, "reason").items()}
        assert once == {"unknown_name": 1, "symbolic_link": 2, "no_regular_file": 2, "unreadable": 0, "malformed": 4,
                        "truncated": 4, "too_large": 2, "too_many_files": 0, "too_many_bytes": 0}
        refused = after.by(SERIES_REFUSED, "reason")
        assert refused == {"key": 3, "name": 1, "type_clash": 0, "name_clash": 1, "too_many_series": 0}
        # What was read before keeps its values while it cannot be read.
        counters = next(shop.files.glob(f"counter_{shop.server.workers()[0]}.db"))
        with open(counters, "r+b") as file:
            used = file.read(4)
            file.seek(0)
            file.write(struct.pack("<i", 2**30))
            file.flush()
            assert own_lines(exporter.get("/metrics")[1]) == said
            file.seek(0)
            file.write(used)
        shop.work(3, 50)
        for name in [*(f"gauge_sum_{number}.db" for number in (*range(1, 11), 12, 14, 16, 17, 18, 20, 21)), "gauge_wild_11.db",
                     "counter_13.db", "sqlite.db"]:
            (shop.files / name).unlink()
        (shop.files / "gauge_sum_15.db").rmdir()
        shown(exporter, lambda: client_says(shop.files))


def test_labels_of_several(directory):
    """Without --pid each target's series carry its labels, and the application's own of these names step aside."""
    with Shop(directory, workers=1) as one, Shop(directory, workers=1) as other, Exporter(directory) as exporter:
        one.work(2)
        other.work(3)
        series = "app_orders_total"
        wait_for(lambda: all(exporter.scrape().select(series, master_pid=str(shop.server.pid)) for shop in (one, other)), "both are shown")
        scrape = exporter.scrape()
        assert scrape.text.count("# TYPE app_orders_total ") == 1
        for shop, requests in ((one, 2), (other, 3)):
            mine = {"master_pid": str(shop.server.pid), "app": "custom_app:app"}
            assert scrape.total(series, **mine) == 20 * requests
            assert scrape.total("app_labelled_total", exported_exported_app="mine", exported_master_pid="1", exported_app="too", **mine) == 0.25 * requests
            assert scrape.total(FILES, **mine) == len(list(shop.files.iterdir()))


def test_one_directory_of_two(directory):
    """Is shown once: sums over both would be twice too high."""
    with Shop(directory, workers=1) as one, \
            Gunicorn(directory, application="custom_app", environment={"E2E_METRICS": str(one.files)}) as other, Exporter(directory) as exporter:
        one.work(2)
        pids = {str(one.server.pid), str(other.pid)}
        found = wait_for(lambda: pids & (found := exporter.scrape().by("app_orders_total", "master_pid")).keys() and found, "it is shown")
        wait_for(lambda: pids <= exporter.scrape().by("gunicorn_info", "master_pid").keys(), "both are observed")
        assert {pid: count for pid, count in exporter.scrape().by("app_orders_total", "master_pid").items() if pid in pids} == \
            {next(pid for pid in found if pid in pids): 40}


def test_switched_off(directory):
    with Shop(directory, workers=1) as shop, Exporter(directory, "--no-collector.custom", pid=shop.server.pid) as exporter:
        shop.work(2)
        assert not own_lines(exporter.scrape().text)
        assert not exporter.scrape().select(FILES)


def test_no_files_no_series(directory):
    with Gunicorn(directory) as server, Exporter(directory, pid=server.pid) as exporter:
        assert not own_lines(exporter.scrape().text)
        assert not exporter.scrape().select(FILES) and not exporter.scrape().select(REFUSED)


@pytest.mark.parametrize("suite", ["bullseye", "trixie"])
def test_other_clients_in_roots(directory, root_of, suite):
    """0.9 on Python 3.9 and 0.21 on 3.13, below roots of their own, one in a mount namespace, too."""
    root = pathlib.Path(root_of(suite))
    folder = f"client-{os.getpid()}-{suite}"
    try:
        client = custom.other_client(root, folder)
        wrapper = ("unshare", "--mount") if suite == "trixie" else ()
        with Shop(directory, workers=2, root=root, wrapper=wrapper, environment={}, launcher=("/usr/bin/env", f"PYTHONPATH=/{client.relative_to(root)}",
                  "/usr/bin/python3", "/usr/bin/gunicorn")) as shop, Exporter(directory, pid=shop.server.pid) as exporter:
            shop.work_on_all()
            said = client_says(shop.files, client=client)
            assert any("app_gauge_livesum" in line for line in said)
            assert any("mostrecent" in line for line in said) == (suite == "trixie")
            shown(exporter, lambda: client_says(shop.files, client=client))
            dead = shop.server.workers()[:1]
            shop.replaced(dead[0])
            shop.work_on_all()
            shown(exporter, lambda: client_says(shop.files, dead, client=client))
    finally:
        shutil.rmtree(root / "tmp" / folder, ignore_errors=True)
