# SPDX-License-Identifier: BSD-2-Clause
"""Manifests and chart: they render, they say the same, they ask for no more than is needed, and the binary takes what they give it."""

import json
import os
import pathlib
import re
import runpy
import subprocess

import pytest
import yaml

from harness import exporter as observer
from harness import kubernetes, privileges, processes

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
CHART = DEPLOY / "helm" / "gunicorn-bpf-exporter"
OVERLAYS = ["base", "monitoring", "sys-admin", "privileged"]
NAMESPACE = "gunicorn-bpf-exporter"

# Name -> values, and of the same meaning among the manifests, if there is one.
VALUES = {
    "default": ([], "base"),
    "pod monitor": (["podMonitor.enabled=true"], "monitoring"),
    "sys-admin": (["privileges=sys-admin"], "sys-admin"),
    "privileged": (["privileges=privileged"], "privileged"),
    "service monitor": (["serviceMonitor.enabled=true", "serviceMonitor.labels.release=prometheus", "serviceMonitor.scrapeTimeout=10s"], None),
    "localhost": (["seccomp.type=Localhost", "seccomp.localhostProfile=gunicorn-bpf-exporter.json"], None),
    "tls": (["webConfig.existingSecret=exporter-web", "podMonitor.enabled=true", "podMonitor.endpoint.scheme=https"], None),
    "everything else": (["port=19091", "extraArgs={--routes,--endpoint-limit,500}", "priorityClassName=system-node-critical", "affinity.x=y",
                         "podAnnotations.a=b", "podLabels.c=d", "imagePullSecrets[0].name=x", "image.tag=v1", "extraEnv[0].name=A", "extraEnv[0].value=b",
                         "networkPolicy.from=null", "serviceAccount.create=false", "serviceAccount.name=own", "fullnameOverride=gbe"], None),
}
REFUSED = [("port=80", "port"), ("privileges=root", "privileges"), ("seccomp.type=Localhost", "localhostProfile"), ("unknown=1", "unknown"),
           ("hostPaths.log=relative", "log"), ("podMonitor.interval=often", "interval"), ("podMonitor=null", "podMonitor is required"),
           ("networkPolicy=null", "networkPolicy is required")]


@pytest.fixture(scope="module")
def tools():
    return kubernetes.Tools()


def run(*command, text=None, fails=False, cwd=None):
    done = subprocess.run(command, input=text, cwd=cwd, capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": "/nonexistent"})
    assert (done.returncode != 0) == fails, f"{command}: {done.stderr or done.stdout}"
    return done.stderr if fails else done.stdout


def options(values):
    return [option for value in values for option in ("--set", value)]


def rendered(tools, values=(), name="gunicorn-bpf-exporter"):
    return run(tools.helm, "template", name, str(CHART), "--namespace", NAMESPACE, *options(values))


def manifests(tools, overlay):
    return run(tools.kubectl, "kustomize", str(DEPLOY / "kubernetes" / overlay))


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(text, kind):
    found = [document for document in documents(text) if document["kind"] == kind]
    assert len(found) <= 1, f"{len(found)} of {kind}"
    return found[0] if found else None


def pod(text):
    return of_kind(text, "DaemonSet")["spec"]["template"]["spec"]


@pytest.mark.parametrize("name", VALUES)
def test_helm_lints(tools, name):
    run(tools.helm, "lint", "--strict", str(CHART), *options(VALUES[name][0]))


@pytest.mark.parametrize("value, about", REFUSED)
def test_the_schema_refuses(tools, value, about):
    assert about in run(tools.helm, "template", "x", str(CHART), "--set", value, fails=True)


def created(tools, server, text):
    """The objects as kubectl understands them."""
    said = run(tools.kubectl, f"--server={server}", "create", "--dry-run=client", "--validate=false", "--output=json", "--filename=-", text=text)
    found = []
    while said.strip():
        each, end = json.JSONDecoder().raw_decode(said.lstrip())
        found.append(each)
        said = said.lstrip()[end:]
    return found


@pytest.mark.parametrize("text_of", [lambda tools, key=key: manifests(tools, key) for key in OVERLAYS] +
                         [lambda tools, key=key: rendered(tools, VALUES[key][0]) for key in VALUES], ids=OVERLAYS + [f"helm {key}" for key in VALUES])
def test_kubectl_takes_it(tools, text_of):
    text = text_of(tools)
    with kubernetes.api_server() as server:
        kinds = [each["kind"] for each in created(tools, server, text)]
    assert sorted(kinds) == sorted(each["kind"] for each in documents(text))
    # kubectl's own types, which know no misspelt field: it would be gone from what they write.
    daemonset = of_kind(text, "DaemonSet")
    typed = json.loads(run(tools.kubectl, "set", "image", "--local", "--output=json", "--filename=-", "exporter=typed", text=yaml.safe_dump(daemonset)))
    missing = absent_from(daemonset["spec"], typed["spec"])
    assert not missing or missing == ["template/spec/containers/0/image"] or missing == ["template/spec/affinity/x", "template/spec/containers/0/image"]


def absent_from(wanted, found, path=""):
    """Paths of what is in `wanted` and not, or not the same, in `found`."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [each for key in wanted for each in absent_from(wanted[key], found.get(key), f"{path}/{key}".lstrip("/"))]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [each for number, value in enumerate(wanted) for each in absent_from(value, found[number], f"{path}/{number}")]
    return [] if wanted == found else [path]


def meaning(text):
    """Kind -> what an object says, without how Helm marks its own and without the namespace, which Helm has from outside."""
    result = {}
    for document in documents(text):
        plain = json.loads(json.dumps(document))
        for marked in plain["metadata"], plain.get("spec", {}).get("template", {}).get("metadata", {}):
            for label in "instance", "version", "managed-by":
                marked.get("labels", {}).pop(f"app.kubernetes.io/{label}", None)
            marked.get("labels", {}).pop("helm.sh/chart", None)
        for selector in plain.get("spec", {}).get("selector"), plain.get("spec", {}).get("podSelector"):
            if selector:
                selector["matchLabels"].pop("app.kubernetes.io/instance", None)
        result[plain["kind"]] = plain
    result.pop("Namespace", None)
    return result


@pytest.mark.parametrize("name", [name for name, (_, same) in VALUES.items() if same])
def test_chart_and_manifests_say_the_same(tools, name):
    values, overlay = VALUES[name]
    assert meaning(rendered(tools, values)) == meaning(manifests(tools, overlay))


@pytest.mark.parametrize("text_of", [lambda tools: rendered(tools), lambda tools: manifests(tools, "base")], ids=["chart", "manifests"])
def test_it_asks_for_no_more_than_it_needs(tools, text_of):
    text = text_of(tools)
    spec = pod(text)
    (container,) = spec["containers"]
    security = container["securityContext"]
    assert spec["hostPID"] is True and not spec.get("hostNetwork") and not spec.get("hostIPC")
    assert spec["automountServiceAccountToken"] is False and of_kind(text, "ServiceAccount")["automountServiceAccountToken"] is False
    assert security["privileged"] is False and security["allowPrivilegeEscalation"] is False and security["readOnlyRootFilesystem"] is True
    # The same as the systemd unit's, with which tests/e2e/test_privileges.py runs it.
    assert security["capabilities"] == {"drop": ["ALL"], "add": privileges.of_the_unit()}
    assert all(mount["readOnly"] is True for mount in container["volumeMounts"])
    assert {volume["hostPath"]["path"] for volume in spec["volumes"]} == {"/var/log"}
    assert container["resources"]["requests"] and container["resources"]["limits"]["memory"]
    assert {key: container[key]["httpGet"]["path"] for key in ("startupProbe", "livenessProbe", "readinessProbe")} == {
        "startupProbe": "/-/healthy", "livenessProbe": "/-/healthy", "readinessProbe": "/-/ready"}
    policy = of_kind(text, "NetworkPolicy")["spec"]
    assert policy["egress"] == [] and policy["ingress"][0]["from"] and set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert of_kind(text, "DaemonSet")["spec"]["updateStrategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_other_ways_to_privileges(tools):
    def security(values):
        return pod(rendered(tools, values))["containers"][0]["securityContext"]

    older = security(["privileges=sys-admin"])
    assert older["capabilities"]["add"] == ["SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"] and older["privileged"] is False
    # The API server refuses it together with SYS_ADMIN and with privileged.
    assert "allowPrivilegeEscalation" not in older
    everything = security(["privileges=privileged"])
    assert everything["privileged"] is True and not {"allowPrivilegeEscalation", "capabilities", "seccompProfile"} & set(everything)
    assert security(VALUES["localhost"][0])["seccompProfile"] == {"type": "Localhost", "localhostProfile": "gunicorn-bpf-exporter.json"}


@pytest.mark.parametrize("kind, values", [("PodMonitor", ["podMonitor.enabled=true"]), ("ServiceMonitor", ["serviceMonitor.enabled=true"])])
def test_monitors_leave_the_labels_of_what_is_observed(tools, kind, values):
    text = rendered(tools, values)
    spec = of_kind(text, kind)["spec"]
    (endpoint,) = spec.get("podMetricsEndpoints") or spec["endpoints"]
    assert endpoint["honorLabels"] is True
    daemonset = of_kind(text, "DaemonSet")
    assert spec["selector"]["matchLabels"].items() <= daemonset["spec"]["template"]["metadata"]["labels"].items()
    port = daemonset["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"]
    assert endpoint["port"] == port
    if kind == "ServiceMonitor":
        service = of_kind(text, "Service")
        assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert service["spec"]["clusterIP"] == "None" and service["spec"]["ports"][0]["targetPort"] == port


def test_what_a_file_of_values_says_arrives(tools, directory):
    """Numbers as they were written, texts that YAML could take for something else, and no key twice."""
    limits = ["--max-connections", 1000000, "--endpoint-limit", 100000, "--route", '/a b/{{ x }}/"\\']
    values = {"extraArgs": limits, "terminationGracePeriodSeconds": 1000000, "priorityClassName": "1", "serviceAccount": {"name": "1e3"},
              "webConfig": {"existingSecret": "123"}, "seccomp": {"type": "Localhost", "localhostProfile": "on"},
              "podMonitor": {"enabled": True, "scrapeTimeout": "9s", "endpoint": {"path": "/m", "interval": "10s", "scheme": "https"}}}
    (directory / "values.yaml").write_text(json.dumps(values))
    text = run(tools.helm, "template", "123", str(CHART), "--namespace", "2024", "--values", str(directory / "values.yaml"))
    spec = pod(text)
    (container,) = spec["containers"]
    assert container["args"][-len(limits):] == [str(limit) for limit in limits]
    assert repr(spec["terminationGracePeriodSeconds"]) == "1000000"
    assert (spec["priorityClassName"], spec["serviceAccountName"]) == ("1", "1e3")
    assert spec["volumes"][-1]["secret"]["secretName"] == "123"
    assert container["securityContext"]["seccompProfile"]["localhostProfile"] == "on"
    for document in documents(text):
        assert document["metadata"]["namespace"] == "2024" and document["metadata"]["labels"]["app.kubernetes.io/instance"] == "123"
    assert of_kind(text, "PodMonitor")["spec"]["podMetricsEndpoints"] == [
        {"port": "metrics", "path": "/m", "interval": "10s", "scrapeTimeout": "9s", "honorLabels": True, "scheme": "https"}]
    # kustomize refuses a key that is there twice.
    (directory / "chart.yaml").write_text(text)
    (directory / "kustomization.yaml").write_text("resources: [chart.yaml]\n")
    run(tools.kubectl, "kustomize", str(directory))


def test_a_web_configuration_comes_from_a_secret(tools):
    spec = pod(rendered(tools, VALUES["tls"][0]))
    (container,) = spec["containers"]
    (file,) = [argument.partition("=")[2] for argument in container["args"] if argument.startswith("--web.config.file=")]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "web-config"]
    assert mount["readOnly"] and pathlib.PurePath(file).parent == pathlib.PurePath(mount["mountPath"])
    assert {"name": "web-config", "secret": {"secretName": "exporter-web", "defaultMode": 0o400}} in spec["volumes"]
    # Probes have no password.
    assert all("tcpSocket" in container[probe] for probe in ("startupProbe", "livenessProbe", "readinessProbe"))


def serve(arguments, log):
    """Runs the binary until it serves, in a network namespace of its own since the port is not ours to choose; what it said."""
    with open(log, "wb") as output:
        process = processes.start(["unshare", "--net", observer.binary(), *arguments], output)
    try:
        processes.wait_for(lambda: process.poll() is not None or "listening on" in log.read_text(), "it serves")
    finally:
        processes.end(process)
    return log.read_text()


@pytest.mark.parametrize("name", [name for name in VALUES if name != "tls"])
def test_the_binary_takes_its_arguments(tools, directory, name):
    arguments = pod(rendered(tools, VALUES[name][0]))["containers"][0]["args"]
    (port,) = [argument.partition("=:")[2] for argument in arguments if argument.startswith("--web.listen-address=:")]
    said = serve(arguments, directory / "arguments.log")
    assert f":{port}/metrics" in said, said


def test_the_binary_takes_a_web_configuration(tools, directory):
    if "--web.config.file" not in observer.run("--help").stdout:
        pytest.skip("this build has no --web.config.file")
    file = directory / "web.yml"
    file.write_text("{}\n")
    named = "--web.config.file=/etc/gunicorn-bpf-exporter/web.yml"
    arguments = pod(rendered(tools, VALUES["tls"][0]))["containers"][0]["args"]
    assert named in arguments
    said = serve([f"--web.config.file={file}" if each == named else each for each in arguments], directory / "arguments.log")
    assert "listening on" in said, said


def test_the_notes_say_how_to_look(tools):
    with kubernetes.api_server() as server:
        said = run(tools.helm, "install", "gbe", str(CHART), "--kube-apiserver", server, "--disable-openapi-validation", "--dry-run=client",
                   "--namespace", "monitored", "--set", "port=9999")
    assert "kubectl --namespace monitored port-forward daemonset/gbe-gunicorn-bpf-exporter 9999" in said
    assert "pod-security.kubernetes.io/enforce=privileged" in said


def test_what_the_documentation_says_to_install(tools):
    text = (DEPLOY.parent / "docs" / "deployment.md").read_text().replace("\\\n", " ")
    (command,) = re.findall(r"^helm (install .*)$", text, re.MULTILINE)
    with kubernetes.api_server() as server:
        said = run(tools.helm, *command.split(), "--kube-apiserver", server, "--disable-openapi-validation", "--dry-run=client", cwd=DEPLOY.parent)
    assert "kind: PodMonitor" in said and 'namespace: "gunicorn-bpf-exporter"' in said
    (overlays,) = re.findall(r"^kubectl apply -k deploy/kubernetes/(\w+) +# or ([-\w, ]+):", text, re.MULTILINE)
    assert [overlays[0], *overlays[1].split(", ")] == OVERLAYS


def test_the_seccomp_profile_is_the_units_filter():
    made = runpy.run_path(str(DEPLOY / "kubernetes" / "seccomp" / "profile.py"))["profile"]()
    assert made == json.loads((DEPLOY / "kubernetes" / "seccomp" / "gunicorn-bpf-exporter.json").read_text())
    (allowed,) = [entry["names"] for entry in made["syscalls"]]
    assert {"bpf", "perf_event_open", "openat2"} <= set(allowed) and not {"ptrace", "mount", "init_module", "kexec_load"} & set(allowed)
