# SPDX-License-Identifier: BSD-2-Clause
"""Gunicorn in containers and in a network namespace of its own; the exporter on the host and in a container."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest

from harness import exporter as observer
from harness import processes
from harness.docker import BPF_OPTIONS, Docker
from harness.exporter import Exporter
from harness.exposition import Scrape
from harness.processes import wait_for
from harness.server import APPS, Gunicorn
from harness.wire import Connection

REQUESTS = "gunicorn_worker_requests_total"


@pytest.fixture(scope="module")
def docker(directory):
    with Docker(directory) as daemon:
        yield daemon


class InContainer:
    """Gunicorn 23 on Python 3.13 in a container of its own, whose host knows neither."""

    def __init__(self, docker, root, workers=2):
        self.docker = docker
        # What was left in the cached root by other tests is not part of the image.
        docker.import_directory(root, "gunicorn:test", exclude=("./tmp/*", "./proc/*", "./sys/*"))
        self.address = ("127.0.0.1", processes.free_port())
        self.container = docker.start(
            "gunicorn:test", "/usr/bin/python3", "/usr/bin/gunicorn", "-w", str(workers), "-b", "%s:%d" % self.address, "apps:app",
            options=["--env", "E2E_NOTES=/tmp/notes", "--volume", f"{APPS}:/apps:ro", "--workdir", "/apps", "--init"])
        init = docker.pid(self.container)
        (self.pid,) = wait_for(lambda: processes.children_of(init), 10, "the master")
        wait_for(lambda: len(processes.children_of(self.pid)) == workers, 15, lambda: docker.logs(self.container))

    def ask(self, count):
        for number in range(count):
            with Connection(self.address) as connection:
                connection.exchange("GET", "/raise" if number % 3 == 2 else "/hello")


@pytest.fixture(scope="module")
def contained(docker, root_of):
    return InContainer(docker, root_of("trixie"))


def check(scrape, contained, counts, **labels):
    """All that the exporter says of the container's Gunicorn, whatever else runs on the machine."""
    mine = {"master_pid": str(contained.pid), **labels}
    assert scrape.total(REQUESTS, **mine) == sum(counts.values())
    assert scrape.by("gunicorn_worker_error_handling_total", "error_type", **mine) == {"ValueError": counts[500]}
    assert scrape.total("gunicorn_worker_responses_total", status_code="200", **mine) == counts[200]
    ages = sorted(int(name.split("_")[1]) for name in scrape.by("gunicorn_worker_uptime_seconds", "worker_id", **mine))
    (info,) = [found for found, _ in scrape.select("gunicorn_info", **mine)]
    assert info["version"].startswith("23.") and info["python"].startswith("3.13") and info["age_source"] == "arbiter"
    return ages


def test_gunicorn_in_docker_seen_from_the_host(directory, contained):
    id_label = contained.container[:12]
    with Exporter(directory) as exporter:
        wait_for(lambda: exporter.scrape().select("gunicorn_info", master_pid=str(contained.pid)), 10, "it is found")
        contained.ask(30)
        assert check(exporter.scrape(), contained, {200: 20, 500: 10}, container=id_label) == [1, 2]
        os.kill(processes.children_of(contained.pid)[0], signal.SIGKILL)
        wait_for(lambda: exporter.scrape().total("gunicorn_worker_exits_total", master_pid=str(contained.pid), reason="killed") == 1, 5, "the exit")
        wait_for(lambda: len(exporter.scrape().by("gunicorn_worker_uptime_seconds", "worker_id", master_pid=str(contained.pid))) == 2, 5, "its successor")
        contained.ask(3)
        assert check(exporter.scrape(), contained, {200: 22, 500: 11}, container=id_label) == [2, 3]
        assert exporter.scrape().total("gunicorn_listener_backlog_limit", master_pid=str(contained.pid)) > 0
    # One that comes later finds the ages that Gunicorn gave.
    with Exporter(directory, pid=contained.pid) as exporter:
        names = exporter.scrape().by("gunicorn_worker_uptime_seconds", "worker_id")
        assert sorted(int(name.split("_")[1]) for name in names) == [2, 3]


def binary_image(docker, directory):
    """The binary and its libraries, and nothing else: no shell."""
    tree = pathlib.Path(directory) / "exporter-image"
    libraries = re.findall(r"(/\S+)", subprocess.run(["ldd", observer.binary()], check=True, capture_output=True, text=True).stdout)
    for library in libraries:
        target = tree / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(library), target)
    (tree / "bin").mkdir(parents=True)
    shutil.copy(observer.binary(), tree / "bin" / "gunicorn-bpf-exporter")
    docker.import_directory(tree, "exporter:test")
    shutil.rmtree(tree)


def test_the_exporter_in_a_container_beside_it(docker, directory, contained):
    binary_image(docker, directory)
    port = processes.free_port()
    name = docker.start("exporter:test", "/bin/gunicorn-bpf-exporter", "--web.listen-address", f"127.0.0.1:{port}",
                        options=["--read-only", *BPF_OPTIONS])

    def scrape():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return Scrape(answer.read().decode())

    def found():
        try:
            return scrape().select("gunicorn_info", master_pid=str(contained.pid))
        except OSError:
            return False

    wait_for(found, 20, lambda: f"it is found; the exporter said: {docker.logs(name)}", every=0.2)
    contained.ask(6)
    ages = check(scrape(), contained, {200: 4, 500: 2}, container=contained.container[:12])
    assert len(ages) == 2
    # It finds out that it is in a container without the host's processes.
    refused = docker.start("exporter:test", "/bin/gunicorn-bpf-exporter",
                           options=[option for option in BPF_OPTIONS if option != "--pid=host"])
    assert docker.run("wait", refused) == "1"
    assert "PID namespace" in docker.logs(refused)


def test_gunicorn_in_a_network_namespace(directory):
    name = f"gbe-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with Gunicorn(directory, "sync", wait=False, wrapper=("ip", "netns", "exec", name), options=["--backlog", "50"]) as server, \
                Exporter(directory) as exporter:
            wait_for(server.workers, 10, "a worker")
            url = "http://%s:%d/hello" % server.address
            curl = ["ip", "netns", "exec", name, "curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", url]
            assert subprocess.run(curl, check=True, capture_output=True, text=True).stdout == "hello, world\n"
            mine = {"master_pid": str(server.pid)}
            # Keep the worker busy and let others wait: the queue is read across the namespace's border.
            slow = [subprocess.Popen(["ip", "netns", "exec", name, "curl", "-sS", url.replace("hello", "sleep?s=1")], stdout=subprocess.DEVNULL) for _ in range(3)]
            wait_for(lambda: exporter.scrape().total("gunicorn_listener_backlog", **mine) == 2, 1.5, "two wait")
            assert exporter.scrape().total("gunicorn_listener_backlog_limit", **mine) == 50
            for process in slow:
                assert process.wait(10) == 0
            time.sleep(0.1)
            scrape = exporter.scrape()
            assert scrape.total(REQUESTS, **mine) == 4
            assert scrape.total("gunicorn_request_queue_seconds_count", place="accept_queue", **mine) == 4
            # One second and two, less what the clients took to start.
            assert 2 < scrape.total("gunicorn_request_queue_seconds_sum", place="accept_queue", **mine) < 3.2
            assert not any("container" in labels for labels, _ in scrape.select(REQUESTS, **mine))
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
