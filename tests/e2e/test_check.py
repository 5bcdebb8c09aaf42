# SPDX-License-Identifier: BSD-2-Clause
"""`check`: what it says of a machine and of Gunicorns that are known, and of privileges that are taken away."""

import json
import os
import subprocess

import pytest

from harness import exporter as observer
from harness import processes
from harness.server import Gunicorn

SECONDS = 60


def check(*options, command=()):
    """Exit code and object."""
    done = observer.run("check", "--json", *options, command=command, seconds=SECONDS)
    assert done.stderr == "", done.stderr
    return done.returncode, json.loads(done.stdout)


def without(*capabilities):
    return ["setpriv", "--bounding-set=" + ",".join("-" + each for each in capabilities)]


@pytest.fixture(scope="module")
def server(directory):
    with Gunicorn(directory, "gthread", workers=2, threads=2) as running:
        yield running


@pytest.mark.parametrize("worker_class", ["sync", "gthread", "gevent", "uvicorn"])
def test_a_gunicorn_is_described(directory, worker_class):
    with Gunicorn(directory, worker_class, workers=2, options=["--backlog", "77"]) as server:
        code, report = check("--pid", str(server.pid))
        assert code == 0, report["serving"]
        assert report["serving"] == {"would_work": True, "reasons": []}
        (found,) = report["gunicorns"]
        version = subprocess.run(["/usr/bin/gunicorn", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1].rstrip(")")
        python = subprocess.run(["/usr/bin/python3", "-V"], capture_output=True, text=True, check=True).stdout.split()[-1]
        assert (found["master_pid"], found["version"], found["version_source"]) == (server.pid, version, "memory")
        assert found["app"] == ("asgi_app:app" if worker_class == "uvicorn" else "apps:app")
        assert found["worker_class"] == ("uvicorn.workers.UvicornWorker" if worker_class == "uvicorn" else worker_class)
        assert [worker["pid"] for worker in found["workers"]] == server.workers()
        assert {worker["id"].split("_")[1] for worker in found["workers"]} == {"1", "2"}  # born in the same tick, the later one may have the lower pid
        assert {worker["age_source"] for worker in found["workers"]} == {"arbiter"}
        assert found["python"]["version"] == python
        assert os.path.samefile(found["python"]["path"], "/usr/bin/python3")
        assert (found["python"]["layout"], found["python"]["shared_library"], found["python"]["free_threaded"]) == ("ok", False, False)
        assert found["listeners"] == [{"address": "%s:%d" % server.address, "limit": 77, "waiting": 0}]
        assert found["tls"]["used"] == "no"
        assert {name: each["measured"] for name, each in found["measures"].items()} == dict.fromkeys(
            ("requests", "sizes", "exceptions", "busy_time", "queue_waits", "backlog", "lifecycle", "worker_ids"), "yes")


def test_usdt_probes_are_those_of_the_file(server):
    notes = subprocess.run(["readelf", "-n", "/usr/bin/python3"], capture_output=True, text=True, check=True).stdout
    _, report = check("--pid", str(server.pid))
    assert report["gunicorns"][0]["python"]["usdt_probes"] == ("Provider: python" in notes)


def test_each_program_is_loaded_and_attached():
    code, report = check()
    assert code == 0
    programs = {program["name"]: program for program in report["programs"]}
    assert {"sys_exit", "sched_process_fork", "read_backlogs"} <= programs.keys()
    for program in programs.values():
        assert program["loaded"] and program["attached"] is not False and program["error"] is None, program
    assert programs["sys_exit"]["attached"] is True
    assert programs["stream_bytes"]["attached"] is None
    assert programs["read_backlogs"]["group"] == "backlog"
    assert report["machine"]["kernel"]["value"] == os.uname().release


def test_the_pid_of_a_worker_means_its_master(server):
    _, report = check("--pid", str(server.workers()[0]))
    assert [found["master_pid"] for found in report["gunicorns"]] == [server.pid]


def test_tls_is_said_to_hide_requests(directory):
    key, chain = directory / "check-key.pem", directory / "check-chain.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    options = ["--keyfile", str(key), "--certfile", str(chain)]
    with Gunicorn(directory, "sync", options=options, wait=False) as server:
        processes.wait_for(server.workers, "a worker")
        _, report = processes.wait_for(lambda: _described(server), "it is recognised")
        (found,) = report["gunicorns"]
        assert found["tls"]["used"] == "yes"
        assert "libssl" in found["tls"]["library"]
        assert found["measures"]["requests"]["measured"] == "no"
        assert "TLS" in found["measures"]["requests"]["why"]
        assert found["measures"]["backlog"]["measured"] == "yes"


def _described(server):
    """Nothing as long as its first worker is on its way."""
    done = observer.run("check", "--json", "--pid", str(server.pid), seconds=SECONDS)
    report = json.loads(done.stdout or "{}")
    if not report.get("gunicorns") or not report["gunicorns"][0]["tls"]["library"]:
        return None
    return done.returncode, report


@pytest.mark.parametrize("dropped, name", [
    (["bpf", "sys_admin"], "CAP_BPF"),
    (["perfmon", "sys_admin"], "CAP_PERFMON"),
    (["sys_ptrace"], "CAP_SYS_PTRACE"),
    (["dac_read_search", "dac_override"], "CAP_DAC_READ_SEARCH"),
])
def test_a_missing_capability_is_named_with_what_it_takes_away(server, dropped, name):
    code, report = check("--pid", str(server.pid), command=without(*dropped))
    assert code == 1
    assert [found for found, each in report["machine"].items() if each["status"] == "fatal"] == [name]
    assert report["machine"][name]["value"] == "missing" and report["machine"][name]["effect"]
    (reason,) = report["serving"]["reasons"]
    assert reason.startswith(name)
    if name in ("CAP_BPF", "CAP_PERFMON"):
        assert report["programs"] == [] and name in report["programs_untried"]
        # What is seen without them is said all the same.
        assert report["gunicorns"][0]["version"] and report["gunicorns"][0]["measures"]["everything"]["measured"] == "no"
    else:
        assert report["programs"] and report["not_looked_at"]


def test_what_serving_can_do_without_is_no_reason(server):
    code, report = check("--pid", str(server.pid), command=without("sys_admin", "checkpoint_restore"))
    assert code == 0
    assert report["machine"]["CAP_CHECKPOINT_RESTORE"]["status"] == "limited"
    assert report["gunicorns"][0]["python"]["layout"] == "ok"


def test_foreign_pid_namespace():
    code, report = check(command=["unshare", "--pid", "--fork", "--mount-proc"])
    assert code == 1
    (reason,) = report["serving"]["reasons"]
    assert "pid_namespace" in reason and "--pid=host" in reason


def test_that_there_is_no_gunicorn_adds_no_reason():
    # A /proc without the others, since other Gunicorns may run on this machine: the only reason is the PID namespace.
    done = observer.run("check", "--json", command=["unshare", "--pid", "--fork", "--mount-proc"], seconds=SECONDS)
    report = json.loads(done.stdout)
    assert report["gunicorns"] == []
    assert [reason.split()[0] for reason in report["serving"]["reasons"]] == ["pid_namespace"]


def test_something_else_is_refused():
    done = observer.run("check", "--pid", str(os.getpid()), seconds=SECONDS)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"--pid {os.getpid()}" in done.stderr and "not a Gunicorn" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("options", [["check", "--pid", "abc"], ["check", "--pid", "0"], ["check", "--no-such"], ["check", "stray"],
                                     ["trace", "--status", "99"], ["trace", "--worker", "me"], ["trace", "--count", "0"],
                                     ["top", "--route", "x"], ["report", "--route", "x"]], ids=" ".join)
def test_misuse_has_an_exit_code_of_its_own(options):
    done = observer.run(*options, seconds=SECONDS)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and len(done.stderr) < 200


def test_a_full_disk_is_said():
    with open("/dev/full", "w") as full:
        done = subprocess.run([observer.binary(), "check"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=SECONDS)
    assert done.returncode == 1
    assert "write to standard output: No space left on device" in done.stderr


def test_text_is_marked_and_has_no_colour_in_a_file(server):
    done = observer.run("check", "--pid", str(server.pid), seconds=SECONDS)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "OK kernel" in done.stdout and "would work" in done.stdout
    for line in done.stdout.splitlines():
        assert not line or line[:3] in ("OK ", "-- ", "!! ") or line[0].isupper(), line
