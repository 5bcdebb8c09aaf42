# SPDX-License-Identifier: BSD-2-Clause
"""Gunicorn in containers and in a network namespace of its own; the exporter on the host and in a container."""

import contextlib
import errno
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import pytest

from harness import exporter as observer
from harness import privileges, processes
from harness.docker import BPF_OPTIONS, Docker
from harness.exporter import Exporter
from harness.exposition import Scrape
from harness.processes import wait_for
from harness.server import APPS, Gunicorn
from harness.wire import Connection

REQUESTS = "gunicorn_worker_requests_total"
CONTAINER = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "container"
CONTAINER_ID = "c0ffee" * 10 + "beef"


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
        (self.pid,) = wait_for(lambda: processes.children_of(init), "the master")
        wait_for(lambda: len(processes.children_of(self.pid)) == workers, lambda: docker.logs(self.container))

    def ask(self, count):
        for number in range(count):
            with Connection(self.address) as connection:
                connection.exchange("GET", "/raise" if number % 3 == 2 else "/hello")


@pytest.fixture(scope="module")
def contained(docker, root_of):
    return InContainer(docker, root_of("trixie"))


def check(exporter, contained, counts, **labels):
    """All that the exporter says of the container's Gunicorn, whatever else runs on the machine. It reads one master after the other, and
    attaches probes to their Pythons, which takes as long as the kernel's grace periods."""
    wait_for(lambda: exporter.scrape().select("gunicorn_info", master_pid=str(contained.pid), age_source="arbiter"), "its memory is read")
    scrape = exporter.scrape()
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
        wait_for(lambda: exporter.scrape().select("gunicorn_info", master_pid=str(contained.pid)), "it is found")
        contained.ask(30)
        assert check(exporter, contained, {200: 20, 500: 10}, container=id_label) == [1, 2]
        os.kill(processes.children_of(contained.pid)[0], signal.SIGKILL)
        wait_for(lambda: exporter.scrape().total("gunicorn_worker_exits_total", master_pid=str(contained.pid), reason="killed") == 1, "the exit")
        wait_for(lambda: len(exporter.scrape().by("gunicorn_worker_uptime_seconds", "worker_id", master_pid=str(contained.pid))) == 2, "its successor")
        contained.ask(3)
        assert check(exporter, contained, {200: 22, 500: 11}, container=id_label) == [2, 3]
        assert exporter.scrape().total("gunicorn_listener_backlog_limit", master_pid=str(contained.pid)) > 0
    # One that comes later finds the ages that Gunicorn gave.
    with Exporter(directory, pid=contained.pid) as exporter:
        names = exporter.scrape().by("gunicorn_worker_uptime_seconds", "worker_id")
        assert sorted(int(name.split("_")[1]) for name in names) == [2, 3]


@pytest.fixture(scope="module")
def image(docker, directory):
    """The image as deploy/container makes it of the package of this build."""
    subprocess.run(["flock", ".lock", "cpack", "-G", "DEB", "-B", str(directory / "package")], cwd=pathlib.Path(observer.binary()).parent, check=True, stdout=subprocess.DEVNULL)
    (package,) = (directory / "package").glob("*.deb")
    done = subprocess.run([str(CONTAINER / "build.sh"), "gunicorn-bpf-exporter:test", str(package), "-H", docker.host], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return "gunicorn-bpf-exporter:test"


class Contained:
    """The exporter in a container, started as the documentation says."""

    def __init__(self, docker, image, *options, without=(), address=None):
        self.docker = docker
        self.address = address or f"127.0.0.1:{processes.free_port()}"
        chosen = [option for option in BPF_OPTIONS if option not in without]
        self.name = docker.start(image, "--web.listen-address", self.address, options=["--read-only", *chosen, *options])

    def scrape(self):
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=60) as answer:
            return Scrape(answer.read().decode())

    def wait_until_it_finds(self, pid):
        def found():
            try:
                return self.scrape().select("gunicorn_info", master_pid=str(pid))
            except OSError:
                return False

        wait_for(found, lambda: f"it is found; the exporter said: {self.docker.logs(self.name)}", every=0.2)

    def ids(self, pid):
        return set(self.scrape().by("gunicorn_worker_uptime_seconds", "worker_id", master_pid=str(pid)))

    def health(self):
        return self.docker.run("inspect", "--format", "{{.State.Health.Status}}", self.name)


def test_the_exporter_in_a_container_beside_it(docker, image, contained):
    exporter = Contained(docker, image, "--health-interval", "1s")
    exporter.wait_until_it_finds(contained.pid)
    contained.ask(6)
    ages = check(exporter, contained, {200: 4, 500: 2}, container=contained.container[:12])
    assert len(ages) == 2
    wait_for(lambda: exporter.health() == "healthy", "its health", every=0.2)
    # It keeps what stands for the capabilities that this Docker does not know, and no more.
    held = privileges.of_threads(docker.pid(exporter.name))
    assert held["CapEff"] == {privileges.mask(["SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"])}
    assert held["CapBnd"] <= {0, privileges.mask(["SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"])} and held["NoNewPrivs"] == {1}


def test_an_upgrade_of_the_container_loses_no_target(docker, image, contained):
    old = Contained(docker, image)
    old.wait_until_it_finds(contained.pid)
    os.kill(processes.children_of(contained.pid)[0], signal.SIGKILL)
    wait_for(lambda: len(processes.children_of(contained.pid)) == 2 and old.scrape().total("gunicorn_worker_exits_total", master_pid=str(contained.pid)) == 1, "its successor")
    wait_for(lambda: len(old.ids(contained.pid)) == 2, "both are seen")
    ids = old.ids(contained.pid)
    docker.run("rm", "--force", old.name)
    docker.containers.remove(old.name)
    new = Contained(docker, image, address=old.address)
    new.wait_until_it_finds(contained.pid)
    assert new.ids(contained.pid) == ids
    contained.ask(3)
    check(new, contained, {200: 2, 500: 1}, container=contained.container[:12])


def test_the_image(docker, image):
    (configured,) = json.loads(docker.run("image", "inspect", image))
    assert configured["Size"] < 26e6  # docs/deployment.md says how large it is
    assert configured["Config"]["Entrypoint"] == ["/usr/sbin/gunicorn-bpf-exporter"]
    assert configured["Config"]["Healthcheck"]["Test"] == ["CMD", "/usr/sbin/gunicorn-bpf-exporter", "healthcheck"]
    exported = subprocess.run(f"docker -H {docker.host} export $(docker -H {docker.host} create {image}) | tar --list", shell=True, check=True,
                              capture_output=True, text=True).stdout.split()
    assert not [name for name in exported if name.startswith(("bin/", "sbin/", "usr/bin/")) or pathlib.PurePath(name).name in ("sh", "bash", "dpkg")]
    # Everything that it loads is in it, and with it the licences.
    assert docker.run("run", "--rm", "--network=none", "--read-only", image, "--version").startswith("gunicorn-bpf-exporter ")
    assert {"lib/terminfo/x/xterm", "usr/share/doc/ncurses-base/copyright"} <= set(exported)  # for top
    assert "usr/share/doc/libc6/copyright" in exported and "usr/share/doc/gunicorn-bpf-exporter/copyright" in exported


def test_with_the_seccomp_profile(docker, image, contained):
    """Which is also the filter of the systemd unit."""
    profile = CONTAINER.parent / "kubernetes" / "seccomp" / "gunicorn-bpf-exporter.json"
    exporter = Contained(docker, image, f"--security-opt=seccomp={profile}", without=("--security-opt=seccomp=unconfined",))
    exporter.wait_until_it_finds(contained.pid)
    before = exporter.scrape().total(REQUESTS, master_pid=str(contained.pid))
    contained.ask(3)
    scrape = exporter.scrape()
    assert scrape.total(REQUESTS, master_pid=str(contained.pid)) - before == 3
    assert scrape.by("gunicorn_worker_error_handling_total", "error_type", master_pid=str(contained.pid)) == {"ValueError": 1}
    status = pathlib.Path(f"/proc/{docker.pid(exporter.name)}/status").read_text()
    assert "Seccomp:\t2\n" in status


def test_a_container_that_cannot_work_says_why(docker, image):
    # It finds out that it is in a container without the host's processes.
    refused = Contained(docker, image, without=("--pid=host",))
    assert docker.run("wait", refused.name) == "1"
    assert "PID namespace" in docker.logs(refused.name)
    plain = docker.start(image, options=["--pid=host"])
    assert docker.run("wait", plain) == "1"
    assert "missing CAP_BPF" in docker.logs(plain)


def control_group(name):
    """A directory in one of this machine's hierarchies."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    place = next(mount for _, mount, kind, *_ in mounts if kind == "cgroup2") if any(mount[2] == "cgroup2" for mount in mounts) else \
        next(mount for _, mount, kind, flags, *_ in mounts if kind == "cgroup" and "pids" in flags.split(","))
    return pathlib.Path(place) / name


@pytest.mark.parametrize("path, uid, names", [
    # systemd's and the plain driver's names for the same things.
    (f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{{uid_}}.slice/cri-containerd-{CONTAINER_ID}.scope", "0f3e1d2c-0000-4000-8000-00000000000a", "containers"),
    (f"kubepods/besteffort/pod{{uid}}/{CONTAINER_ID}", "0f3e1d2c-0000-4000-8000-00000000000b", "pods"),
], ids=["systemd", "cgroupfs"])
def test_gunicorn_in_a_pod(directory, path, uid, names):
    """In a control group as the kubelet names it, with its files of logs beside."""
    group = control_group(path.format(uid=uid, uid_=uid.replace("-", "_")))
    group.mkdir(parents=True)
    log = directory / f"log-{names}"
    if names == "containers":
        (log / "containers").mkdir(parents=True)
        (log / "containers" / f"web-5d-x_shop_app-{CONTAINER_ID}.log").symlink_to(f"/var/log/pods/shop_web-5d-x_{uid}/app/0.log")
        (log / "containers" / f"other_shop_sidecar-{'e' * 64}.log").symlink_to("/nowhere")
    else:
        (log / "pods" / f"shop_web-5d-x_{uid}" / "app").mkdir(parents=True)
    try:
        wrapper = ["sh", "-c", f'echo $$ >"{group}/cgroup.procs" && exec "$@"', "sh"]
        with Gunicorn(directory, "sync", wrapper=wrapper) as server, Exporter(directory, "--kubernetes.log-directory", str(log)) as exporter:
            mine = {"master_pid": str(server.pid)}
            wait_for(lambda: exporter.scrape().select("gunicorn_info", **mine), "it is found")
            with Connection(server.address) as connection:
                connection.exchange("GET", "/raise")
            expected = {**mine, "namespace": "shop", "pod": "web-5d-x", "container": "app"}
            scrape = exporter.scrape()
            assert scrape.by("gunicorn_worker_error_handling_total", "error_type", **expected) == {"ValueError": 1}
            assert scrape.total(REQUESTS, **expected) == scrape.total(REQUESTS, **mine) > 0
    finally:
        while group.name and not group.is_mount():
            with contextlib.suppress(OSError):  # another's, further up
                wait_for(lambda: remove(group), "the group is empty")
            group = group.parent


def remove(group):
    try:
        group.rmdir()
        return True
    except OSError as error:
        if error.errno == errno.EBUSY and (group / "cgroup.procs").read_text():
            return False
        raise


@pytest.mark.clock
def test_gunicorn_in_a_network_namespace(directory):
    name = f"gbe-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with Gunicorn(directory, "sync", wait=False, wrapper=("ip", "netns", "exec", name), options=["--backlog", "50"]) as server, \
                Exporter(directory) as exporter:
            wait_for(server.workers, "a worker")
            url = "http://%s:%d/hello" % server.address
            curl = ["ip", "netns", "exec", name, "curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", url]
            assert subprocess.run(curl, check=True, capture_output=True, text=True).stdout == "hello, world\n"
            mine = {"master_pid": str(server.pid)}
            # Keep the worker busy and let others wait: the queue is read across the namespace's border.
            slow = [subprocess.Popen(["ip", "netns", "exec", name, "curl", "-sS", url.replace("hello", "sleep?s=1")], stdout=subprocess.DEVNULL) for _ in range(3)]
            wait_for(lambda: exporter.scrape().total("gunicorn_listener_backlog", **mine) == 2, "two wait")
            assert exporter.scrape().total("gunicorn_listener_backlog_limit", **mine) == 50
            for process in slow:
                assert process.wait(60) == 0
            time.sleep(0.1)
            scrape = exporter.scrape()
            assert scrape.total(REQUESTS, **mine) == 4
            assert scrape.total("gunicorn_request_queue_seconds_count", place="accept_queue", **mine) == 4
            # One second and two, less what the clients took to start.
            assert 2 < scrape.total("gunicorn_request_queue_seconds_sum", place="accept_queue", **mine) < 3.2
            assert not any("container" in labels for labels, _ in scrape.select(REQUESTS, **mine))
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
