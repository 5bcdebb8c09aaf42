# SPDX-License-Identifier: BSD-2-Clause
"""The endpoint with curl and openssl in front of it: who gets in, what a reload does, and who cannot delay a scrape."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from harness import processes
from harness.exporter import run
from harness.exposition import Scrape
from harness.server import Gunicorn
from harness.web import CLIENTS, HASH_OF_SECRET, TLS, Authority, Web, slow_clients

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "http.md"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")
    authority = Authority(directory)
    authority.sign("server", "DNS:localhost,IP:127.0.0.1", usage="serverAuth")
    authority.sign("server2", "DNS:localhost", usage="serverAuth")
    authority.sign("client", "DNS:scraper.example")
    authority.sign("other", "DNS:other.example")
    authority.sign("expired", "DNS:scraper.example", days=-1)
    authority.sign("not_client", "DNS:scraper.example", usage="serverAuth")
    Authority(directory, "unknown").sign("foreign", "DNS:scraper.example")
    return directory


def with_certificate(name):
    return "--cert", f"{name}.pem", "--key", f"{name}.key"


def test_passwords_headers_and_scrapes(certificates):
    config = (f"basic_auth_users:\n  me: {HASH_OF_SECRET}\n"
              "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Strict-Transport-Security: max-age=9\n")
    with Web(certificates, config) as web:
        status, head, _ = web.curl("/metrics")
        assert status == 401 and "WWW-Authenticate: Basic" in head and "X-Frame-Options: deny" in head
        assert web.status("/metrics", "-u", "me:wrong") == 401
        assert web.status("/metrics", "-u", "nobody:secret") == 401
        assert web.status("/-/healthy") == 401
        for _ in range(3):
            status, head, body = web.curl("/metrics", "-u", "me:secret")
            assert status == 200 and "Strict-Transport-Security: max-age=9" in head
        assert Scrape(body).total("gunicorn_bpf_exporter_config_last_reload_successful") == 1
        checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
        assert web.status("/metrics", "-X", "POST") == 401
        assert web.status("/metrics", "-X", "POST", "-u", "me:secret") == 405


@pytest.mark.parametrize("kind, accepted", [
    ("RequestClientCert", {"", "client", "other", "expired", "foreign", "not_client"}),
    ("RequireAnyClientCert", {"client", "other", "expired", "foreign", "not_client"}),
    ("VerifyClientCertIfGiven", {"", "client", "other"}),
    ("RequireAndVerifyClientCert", {"client", "other"}),
    ("RequireAndVerifyClientCert\n  client_allowed_sans: [scraper.example]", {"client"}),
])
def test_client_certificates(certificates, kind, accepted):
    with Web(certificates, CLIENTS + kind + "\n", scheme="https") as web:
        for version in ("--tlsv1.2", "--tls-max", "1.2"), ("--tlsv1.3",):
            for name in ("", "client", "other", "expired", "foreign", "not_client"):
                # Sent even where the server's list of authorities does not name its issuer: curl with OpenSSL does.
                given = with_certificate(name) if name else ()
                expected = 200 if name in accepted else 0
                assert web.status("/-/healthy", *given, *version) == expected, (kind, name, version)


def test_versions_and_cipher_suites(certificates):
    config = TLS + "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n"
    with Web(certificates, config, scheme="https") as web:
        assert web.status("/-/healthy", "--tlsv1.3") == 0
        assert web.status("/-/healthy", "--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384") == 0
        assert web.status("/-/healthy", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256") == 200


def test_reload_takes_what_is_good_and_keeps_what_was(certificates, tmp_path):
    for name in ("ca.pem", "server.pem", "server.key", "server2.pem", "server2.key"):
        (tmp_path / name).write_bytes((certificates / name).read_bytes())

    def subject(web):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{web.port}"], input="", capture_output=True,
                              text=True, check=False)
        return re.search(r"subject=CN = (\S+)", done.stdout)[1]

    def successful(web):
        return Scrape(web.curl("/metrics")[2]).total("gunicorn_bpf_exporter_config_last_reload_successful")

    with Web(tmp_path, TLS, "--web.enable-lifecycle", scheme="https") as web:
        assert subject(web) == "server"
        web.config.write_text(TLS.replace("server.", "server2."))
        web.process.send_signal(signal.SIGHUP)
        processes.wait_for(lambda: subject(web) == "server2", web.log)
        # Bad: the old one stays, the log and the metric say so.
        web.config.write_text("tls_server_config:\n  cert: x\nnonsense: 1\n")
        status, _, body = web.curl("/-/reload", "-X", "POST")
        assert status == 500 and "web.yml: line 3: nonsense is no key" in body
        assert "keeping the previous configuration" in web.log()
        assert subject(web) == "server2" and successful(web) == 0
        web.config.write_text("")
        status, _, body = web.curl("/-/reload", "-X", "POST")
        assert status == 500 and "TLS cannot be switched off" in body
        # A renewed certificate in the same files is found without being told.
        web.config.write_text(TLS.replace("server.", "server2."))
        assert web.status("/-/reload", "-X", "POST") == 200
        assert successful(web) == 1
        for end in ("key", "pem"):
            os.replace(tmp_path / f"server.{end}", tmp_path / f"server2.{end}")
        processes.wait_for(lambda: subject(web) == "server", web.log)
        processes.wait_for(lambda: successful(web) == 1, web.log)


@pytest.mark.parametrize("config, said", [
    ("foo: 1\n", "line 1: foo is no key"),
    ("basic_auth_users: {me: secret}\n", "not a bcrypt hash"),
    ("tls_server_config: {cert_file: server.pem, key_file: client.key}\n", "server.pem with key_file"),
    ("tls_server_config: {cert_file: missing.pem, key_file: server.key}\n", "missing.pem cannot be read"),
])
def test_a_bad_file_is_refused_at_start(certificates, config, said):
    (certificates / "bad.yml").write_text(config)
    done = run("--web.config.file", str(certificates / "bad.yml"), "--web.listen-address", "127.0.0.1:0")
    assert done.returncode == 1 and said in done.stderr and "bad.yml" in done.stderr, done.stderr


def test_lifecycle_has_to_be_allowed(certificates):
    with Web(certificates, "") as web:
        for path in ("/-/cleanup", "/-/reload"):
            status, _, body = web.curl(path, "-X", "POST")
            assert status == 403 and "--web.enable-lifecycle" in body
            status, head, _ = web.curl(path)
            assert status == 405 and "Allow: POST" in head


def test_cleanup_drops_dead_workers_at_once(tmp_path):
    with Gunicorn(tmp_path, workers=2) as server, \
            Web(tmp_path, "", "--web.enable-lifecycle", "--pid", str(server.pid), "--retention", "1h") as web:

        def workers():
            return {labels["worker_id"] for labels, _ in Scrape(web.curl()[2]).select("gunicorn_worker_requests_total")}

        processes.wait_for(lambda: len(workers()) == 2, web.log)
        os.kill(processes.children_of(server.pid)[0], signal.SIGKILL)
        processes.wait_for(lambda: len(workers()) == 3, web.log)
        assert web.status("/-/cleanup", "-X", "POST") == 200
        assert len(workers()) == 2


def quick(web):
    """The quickest of some scrapes: what others take of the machine does not count, what a client delays does."""
    taken = []
    for _ in range(10):
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", web.port), timeout=20) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200"), answer[:100]
        taken.append(time.monotonic() - begin)
    return min(taken)


@pytest.mark.clock
def test_a_hundred_slow_clients_delay_no_scrape(certificates):
    with Web(certificates, "") as web, slow_clients(web.port):
        assert quick(web) < 0.1


def test_slow_handshakes_delay_nobody(certificates):
    with Web(certificates, TLS, scheme="https") as web:
        clients = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(60)]
        for client in clients:
            client.send(b"\x16\x03\x01\x02\x00\x01\x00")  # the begin of a ClientHello
        begin = time.monotonic()
        assert web.status("/-/healthy") == 200
        assert time.monotonic() - begin < 5  # a handshake that waited for another would wait for its deadline of 10 s
        for client in clients:
            client.close()


def test_the_manuals_commands(tmp_path):
    """What the manual tells to type works as it stands there."""
    section = MANUAL.read_text().partition("## TLS and authentication")[2].partition("\n## ")[0]
    commands = re.findall(r"```sh\n(.*?)```", section, re.S)
    config = re.search(r"```yaml\n(.*?)```", section, re.S)[1]
    assert len(commands) == 2
    subprocess.run(["bash", "-euc", commands[0]], cwd=tmp_path, check=True, capture_output=True)
    hashed = (tmp_path / "hash").read_text().strip()
    with Web(tmp_path, re.sub(r"prometheus: .*", f"prometheus: {hashed}", config), scheme="https") as web:
        asked = commands[1].replace("9091", str(web.port))
        done = subprocess.run(["bash", "-euc", asked], cwd=tmp_path, check=True, capture_output=True, text=True)
        assert "gunicorn_bpf_exporter_build_info" in done.stdout
        assert web.status("/metrics") == 0  # without a certificate
