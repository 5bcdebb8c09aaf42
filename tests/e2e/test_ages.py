# SPDX-License-Identifier: BSD-2-Clause
"""The age in worker_<age>_<start> is Gunicorn's own Worker.age, whatever happened before the exporter came."""

import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from harness import processes
from harness.exporter import Exporter
from harness.processes import wait_for

ROOTS = pathlib.Path(__file__).resolve().parents[1] / "roots" / "root.sh"
PYENV = pathlib.Path.home() / ".pyenv" / "versions"
# Gunicorn is pure Python: Debian's runs with any Python that has what 20.1 imports.
DEBIAN_PACKAGES = pathlib.Path("/usr/lib/python3/dist-packages")

CONFIGURATION = '''
import json

def post_fork(server, worker):
    with open({truth!r}, "a") as file:
        file.write(json.dumps([worker.pid, worker.age]) + "\\n")
'''
APPLICATION = '''
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return []
'''


class Gunicorn:
    """A Gunicorn whose workers write down their pid and age. `command` starts it, `home` is its folder as it sees it."""

    def __init__(self, directory, command, home, root="/", environment=None, options=()):
        self.folder = pathlib.Path(root) / home.relative_to("/")
        self.folder.mkdir(parents=True)
        self.truth_path = self.folder / "truth"
        (self.folder / "conf.py").write_text(CONFIGURATION.format(truth=str(home / "truth")))
        (self.folder / "ages_app.py").write_text(APPLICATION)
        self.port = processes.free_port()
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
                     "TMPDIR": str(home), **(environment or {})}
        self.log_path = pathlib.Path(directory) / f"ages-{self.port}.log"
        with open(self.log_path, "wb") as log:
            self.process = processes.start(
                [*command, "-c", str(home / "conf.py"), "-b", f"127.0.0.1:{self.port}", "--pythonpath", str(home),
                 "--graceful-timeout", "1", *options, "ages_app:app"], log, env=variables, cwd="/")
        self.pid = self.process.pid

    def truth(self):
        """Age by pid of every worker so far; pids as the master sees them."""
        if not self.truth_path.exists():
            return {}
        return dict(json.loads(line) for line in self.truth_path.read_text().splitlines())

    def living(self):
        """(pid seen from here, age) of each worker that lives, oldest first."""
        truth = self.truth()
        # Asked once for each: a worker can end between two questions.
        seen = ((pid, inner(pid)) for pid in processes.children_of(self.pid))
        return [(pid, truth[theirs]) for pid, theirs in seen if theirs in truth]

    def ages(self):
        return sorted(age for _, age in self.living())

    def wait_for_ages(self, *expected):
        def there():
            assert self.process.poll() is None, f"Gunicorn ended:\n{self.log_path.read_text(errors='replace')}"
            return self.ages() == list(expected) and len(processes.children_of(self.pid)) == len(expected)

        wait_for(there, lambda: f"ages are {expected}, not {self.ages()}")

    def replace(self, *expected):
        """Kills every worker; their successors have the ages `expected`. One by one: Gunicorn 20.1 overlooks deaths
        that coincide, until its next timeout."""
        for pid, _ in self.living():
            youngest = max(self.truth().values())
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: youngest + 1 in self.ages(), lambda: f"{youngest + 1} is in {self.ages()}")
        self.wait_for_ages(*expected)

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)  # not the wrapper that it may have
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            processes.end(self.process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def inner(pid):
    """The pid in the innermost namespace; None when the process has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("NSpid:")).split()[-1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def start_second(pid):
    with open("/proc/stat", encoding="ascii") as file:
        boot = next(int(line.split()[1]) for line in file if line.startswith("btime"))
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return boot + int(file.read().rpartition(")")[2].split()[19]) // os.sysconf("SC_CLK_TCK")


def expected_ids(gunicorn):
    return {f"worker_{age}_{start_second(pid)}" for pid, age in gunicorn.living()}


def check_ids(exporter, gunicorn, shown=None, **labels):
    """Waits until the ids are the right ones; adds those that were shown meanwhile to `shown`. `labels` choose one of several
    Gunicorns."""
    def same():
        try:
            ids = exporter.scrape().workers(**labels)
            if shown is not None:
                shown.update(ids)
            return ids == expected_ids(gunicorn)
        except (FileNotFoundError, ProcessLookupError):  # a worker that ended between the two looks
            return False

    wait_for(same, lambda: f"{exporter.scrape().workers(**labels)} is {expected_ids(gunicorn)}")


def info(exporter):
    ((labels, value),) = exporter.scrape().select("gunicorn_info")
    assert value == 1
    return labels


def through_a_life(directory, gunicorn):
    """Ages after three deaths before the exporter came, then with it: TTIN, a kill, a reload."""
    gunicorn.wait_for_ages(1, 2, 3)
    gunicorn.replace(4, 5, 6)
    with Exporter(directory, pid=gunicorn.pid) as exporter:
        assert exporter.scrape().workers() == expected_ids(gunicorn)  # in the very first scrape
        assert info(exporter)["age_source"] == "arbiter"
        right, shown = set(), set()

        def step(*ages):
            gunicorn.wait_for_ages(*ages)
            right.update(expected_ids(gunicorn))
            check_ids(exporter, gunicorn, shown)

        step(4, 5, 6)
        os.kill(gunicorn.pid, signal.SIGTTIN)
        step(4, 5, 6, 7)
        os.kill(gunicorn.living()[0][0], signal.SIGKILL)
        step(5, 6, 7, 8)
        os.kill(gunicorn.pid, signal.SIGHUP)
        step(9, 10, 11)  # as many as were asked for at the start
        # No worker ever had another id.
        counted = {labels["worker_id"] for labels, _ in exporter.scrape().select("gunicorn_worker_requests_total")}
        assert counted == right and shown <= right
        assert info(exporter)["age_source"] == "arbiter"
        return info(exporter)


def debian(directory, name, options=("-w", "3"), environment=None, command=("/usr/bin/python3", "/usr/bin/gunicorn")):
    home = pathlib.Path(directory) / f"ages-{name}"
    return Gunicorn(directory, list(command), home, environment=environment, options=options)


@pytest.fixture
def started():
    """Stops what the test started, also when it fails."""
    running = []
    yield lambda gunicorn: running.append(gunicorn) or gunicorn
    for gunicorn in running:
        gunicorn.stop()


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "eventlet", "tornado"])
def test_ages_of_debians_own(directory, started, worker_class):
    gunicorn = started(debian(directory, worker_class, ["-w", "3", "-k", worker_class]))
    labels = through_a_life(directory, gunicorn)
    assert labels == {"version": "20.1.0", "worker_class": worker_class, "python": "3.11.2", "app": "ages_app:app",
                      "bind": f"127.0.0.1:{gunicorn.port}", "age_source": "arbiter"}


def test_ages_in_a_pid_namespace(directory, started):
    wrapper = started(debian(directory, "namespace", command=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                                                              "/usr/bin/python3", "/usr/bin/gunicorn"]))
    (master,) = wait_for(lambda: processes.children_of(wrapper.pid), "the master")
    wrapper.pid = master
    through_a_life(directory, wrapper)


def pyenv_versions():
    return sorted((path.name for path in PYENV.glob("3.*") if (path / "bin" / "python3").exists()
                   and int(path.name.split(".")[1]) >= 8), key=lambda name: [int(part) for part in name.split(".")])


# Packages that 20.1 needs besides the standard library: setuptools' pkg_resources, which 3.12 no longer brings along.
def packages_for(directory, version):
    folder = pathlib.Path(directory) / f"packages-{version}"
    folder.mkdir()
    for name in ("gunicorn", "pkg_resources", "packaging"):
        if (DEBIAN_PACKAGES / name).exists():
            (folder / name).symlink_to(DEBIAN_PACKAGES / name)
    return folder


@pytest.mark.parametrize("version", pyenv_versions())
def test_ages_with_other_pythons(directory, started, version):
    python = PYENV / version / "bin" / "python3"
    environment = {"PYTHONPATH": str(packages_for(directory, version))}
    able = subprocess.run([python, "-c", "import gunicorn.app.wsgiapp, gunicorn.workers.sync"], env=environment,
                          capture_output=True, text=True)
    if able.returncode != 0:
        pytest.skip(f"Gunicorn 20.1 cannot be imported there: {able.stderr.strip().splitlines()[-1]}")
    gunicorn = started(debian(directory, version, environment=environment, command=[str(python), "-m", "gunicorn"]))
    labels = through_a_life(directory, gunicorn)
    full = version if int(version.split(".")[1]) >= 11 else version.rpartition(".")[0]
    assert (labels["python"], labels["version"], labels["worker_class"]) == (full, "20.1.0", "sync")


def test_new_master_while_the_exporter_runs(directory, started):
    with Exporter(directory) as exporter:
        gunicorn = started(debian(directory, "new"))
        gunicorn.wait_for_ages(1, 2, 3)
        check_ids(exporter, gunicorn, master_pid=str(gunicorn.pid))
        gunicorn.replace(4, 5, 6)
        check_ids(exporter, gunicorn, master_pid=str(gunicorn.pid))
        (labels,) = [labels for labels, _ in exporter.scrape().select("gunicorn_info") if labels["master_pid"] == str(gunicorn.pid)]
        assert (labels["app"], labels["age_source"]) == ("ages_app:app", "arbiter")


# A fork in a hook is no worker: Gunicorn does not count it, and neither may the exporter for long.
def test_forks_of_hooks_are_not_counted(directory, started):
    gunicorn = started(debian(directory, "hooks"))
    gunicorn.wait_for_ages(1, 2, 3)
    with open(gunicorn.folder / "conf.py", "a", encoding="ascii") as file:
        file.write("\nimport os, time\n\ndef nworkers_changed(server, new, old):\n"
                   "    if os.fork() == 0:\n        time.sleep(3)\n        os._exit(0)\n")
    os.kill(gunicorn.pid, signal.SIGHUP)
    wait_for(lambda: gunicorn.ages() == [4, 5, 6], "the reload")
    with Exporter(directory, pid=gunicorn.pid) as exporter:
        os.kill(gunicorn.pid, signal.SIGTTIN)
        wait_for(lambda: gunicorn.ages() == [4, 5, 6, 7], "a fourth worker")
        check_ids(exporter, gunicorn)


# An interpreter without a known layout: a copy of Python that says it is 3.99.
def test_fork_order_where_python_is_not_known(directory, started):
    version = (3 << 24 | 11 << 16 | 2 << 8 | 0xf0).to_bytes(4, "little")
    program = pathlib.Path("/usr/bin/python3.11").read_bytes()
    disguised = pathlib.Path(directory) / "python3.99"
    places = version_places(program, version)
    assert len(places) == 1, "Py_Version is not where it is expected"
    at = places[0]
    disguised.write_bytes(program[:at + 2] + bytes([99]) + program[at + 3:])
    disguised.chmod(0o755)
    gunicorn = started(debian(directory, "unknown", environment={"PYTHONHOME": "/usr"}, command=[str(disguised), "/usr/bin/gunicorn"]))
    gunicorn.wait_for_ages(1, 2, 3)
    gunicorn.replace(4, 5, 6)
    with Exporter(directory, pid=gunicorn.pid) as exporter:
        by_rank = {f"worker_{rank}_{start_second(pid)}" for rank, (pid, _) in enumerate(gunicorn.living(), 1)}
        assert exporter.scrape().workers() == by_rank
        labels = info(exporter)
        assert (labels["age_source"], labels["version"], labels["python"]) == ("fork_order", "", "")
        assert (labels["bind"], labels["app"]) == (f"127.0.0.1:{gunicorn.port}", "ages_app:app")
        wait_for(lambda: "the layout of Python 3.99 is not known" in exporter.log(), exporter.log)
        os.kill(gunicorn.pid, signal.SIGTTIN)
        gunicorn.wait_for_ages(4, 5, 6, 7)
        wait_for(lambda: len(exporter.scrape().workers()) == 4, "a fourth worker")
        assert by_rank < exporter.scrape().workers()
        assert info(exporter)["age_source"] == "fork_order"


def version_places(program, version):
    """Offsets in the file of the symbol Py_Version, by nm: the number itself may occur elsewhere."""
    symbols = subprocess.run(["nm", "-D", "/usr/bin/python3.11"], check=True, capture_output=True, text=True).stdout
    (address,) = [int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(" Py_Version")]
    sections = subprocess.run(["readelf", "-lW", "/usr/bin/python3.11"], check=True, capture_output=True, text=True).stdout
    places = []
    for line in sections.splitlines():
        fields = line.split()
        if fields[:1] == ["LOAD"]:
            offset, virtual, size = (int(fields[i], 16) for i in (1, 2, 4))
            if virtual <= address < virtual + size and program[address - virtual + offset:][:4] == version:
                places.append(address - virtual + offset)
    return places


@pytest.mark.parametrize("suite, version, python", [("bullseye", "20.1.0", "3.9"), ("trixie", "23.0.0", "3.13.5"), ("sid", "26.", "3.14.")])
def test_ages_in_roots(directory, started, suite, version, python):
    root = subprocess.run([str(ROOTS), suite], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    home = pathlib.Path("/tmp") / f"ages-{os.getpid()}"
    gunicorn = started(Gunicorn(directory, ["chroot", root, "/usr/bin/python3", "/usr/bin/gunicorn"], home, root=root, options=["-w", "3"]))
    labels = through_a_life(directory, gunicorn)
    assert labels["version"].startswith(version) and labels["python"].startswith(python)
    assert (labels["worker_class"], labels["bind"]) == ("sync", f"127.0.0.1:{gunicorn.port}")
