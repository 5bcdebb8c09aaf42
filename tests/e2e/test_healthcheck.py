# SPDX-License-Identifier: BSD-2-Clause
"""The command healthcheck: exit code 0 when an exporter is well, else 1 and a sentence."""

import os
import shutil
import signal
import socket
import threading

import pytest

from harness import exporter as observer
from harness import processes
from harness.exporter import Exporter
from harness.web import HASH_OF_SECRET, TLS, Authority, Web


@pytest.fixture(scope="module", autouse=True)
def a_program_of_its_own(tmp_path_factory):
    """Other tests may run the same binary meanwhile."""
    copy = shutil.copy2(observer.binary(), tmp_path_factory.mktemp("healthcheck") / "exporter")
    before = os.environ.get("GBE_BINARY")
    os.environ["GBE_BINARY"] = str(copy)
    yield
    os.environ.pop("GBE_BINARY")
    if before:
        os.environ["GBE_BINARY"] = before


def check(*options, code=0):
    done = observer.run("healthcheck", *options)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_one_that_is_well(directory):
    with Exporter(directory) as exporter:
        check()
        check("--web.listen-address", f"127.0.0.1:{exporter.port}")
        check("--web.listen-address", f":{exporter.port}", "--path", "/-/ready")
        # One that hangs is found out, by whatever way it is asked.
        processes.freeze(exporter.process)
        try:
            assert "no answer in time" in check("--timeout", "300ms", code=1)
        finally:
            exporter.process.send_signal(signal.SIGCONT)
        # A page that is not there is no sign of health.
        assert "404" in check("--path", "/-/nothing", code=1)


def test_none(directory):
    assert "no exporter listens here" in check(code=1)
    with Exporter(directory) as exporter:
        address = f"127.0.0.1:{exporter.port}"
    assert f"http://{address}/-/healthy: Connection refused" in check("--web.listen-address", address, code=1)
    assert "is not host:port" in check("--web.listen-address", "nonsense", code=1)


def test_the_other_side_speaks_no_http():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "127.0.0.1:%d" % server.getsockname()[1]
        assert "no answer in time" in check("--web.listen-address", address, "--timeout", "200ms", code=1)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")
    # As certificates are: for the name by which others ask, and from an authority that this machine need not know.
    Authority(directory).sign("server", "DNS:metrics.example", usage="serverAuth")
    return directory


@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
@pytest.mark.parametrize("kind", ["NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"])
def test_tls(certificates, kind, version):
    ca = "" if kind == "NoClientCert" else "  client_ca_file: ca.pem\n"
    config = TLS + ca + f"  client_auth_type: {kind}\n  min_version: {version}\n  max_version: {version}\n"
    with Web(certificates, config, scheme="https") as web:
        check()
        address = f"127.0.0.1:{web.port}"
        if not kind.startswith("Require"):
            assert f"https://{address}/-/nothing: HTTP/1.1 404" in check("--path", "/-/nothing", code=1)
        processes.freeze(web.process)
        try:
            assert "no answer in time" in check("--timeout", "300ms", code=1)
        finally:
            web.process.send_signal(signal.SIGCONT)


def test_passwords(certificates):
    users = f"basic_auth_users:\n  me: {HASH_OF_SECRET}\n"
    for scheme, config in ("http", users), ("https", TLS + users):
        with Web(certificates, config, scheme=scheme):
            check()


def test_the_other_side_hangs_up():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "127.0.0.1:%d" % server.getsockname()[1]

        def hang_up():
            for _ in range(2):
                server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert f"https://{address}/-/healthy: " in check("--web.listen-address", address, code=1)
        thread.join()
