# SPDX-License-Identifier: BSD-2-Clause
"""What deploy/ has for Prometheus and Grafana: rules that fire and resolve, queries that parse, metrics that exist."""

import importlib.util
import itertools
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/gunicorn.rules.yml"
GRAFANA = ROOT / "deploy/grafana"
DASHBOARDS = ("gunicorn.json", "gunicorn-workers.json")


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def source():
    module = importlib.util.spec_from_file_location("dashboards", GRAFANA / "dashboards.py")
    made = importlib.util.module_from_spec(module)
    module.loader.exec_module(made)
    return made


def known_metrics():
    page = (ROOT / "docs/reference/metrics.md").read_text()
    names = set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    histograms = set(re.findall(r"^### (\w+)\n\n.*\n\n- Type: histogram$", page, re.MULTILINE))
    assert len(names) > 30 and len(histograms) > 3
    return names - histograms | {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}


def used(expression):
    return set(re.findall(r"\bgunicorn_\w+", expression))


def test_rules():
    promtool("check", "rules", RULES)
    promtool("check", "config", ROOT / "deploy/prometheus/prometheus.yml")
    promtool("test", "rules", ROOT / "tests/prometheus/rules_test.yml")
    assert used(RULES.read_text()) - known_metrics() <= {"gunicorn_alerts", "gunicorn_saturation", "gunicorn_deaths", "gunicorn_requests", "gunicorn_exporter", "gunicorn_recorded"}


def test_every_alert_is_tried():
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    tried = (ROOT / "tests/prometheus/rules_test.yml").read_text()
    assert len(alerts) == 15
    for alert in alerts:
        fires = re.findall(rf"alertname: {alert}\n\s+exp_alerts:", tried)
        resolves = re.findall(rf"alertname: {alert}\}}", tried)
        assert fires and resolves, alert


def panels_of(name):
    return json.loads((GRAFANA / name).read_text())["panels"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_what_its_source_says(name):
    assert (GRAFANA / name).read_text() == source().text(name), "run deploy/grafana/dashboards.py"


def test_the_dashboards_show_what_is_documented():
    documented = {"Request rate", "Response time", "Error rate", "Memory usage", "CPU usage", "Active workers"}
    assert documented <= {panel["title"] for panel in panels_of("gunicorn.json")}
    uids = [json.loads((GRAFANA / name).read_text())["uid"] for name in DASHBOARDS]
    assert len(set(uids)) == len(uids)


def filled(expression):
    """With all of Grafana's variables chosen."""
    return re.sub(r"\$__(rate_interval|range)", "5m", re.sub(r"\$(instance|app|worker)\b", ".*", expression))


# Two hosts whose workers have the same id. One of them replaced its worker; its counters stay for the retention time.
SHOWN = {
    'gunicorn_worker_requests_total{instance="a",app="x",worker_id="worker_1_1"}': "0+60x10",
    'gunicorn_worker_requests_total{instance="b",app="x",worker_id="worker_1_1"}': "0+120x10",
    'gunicorn_worker_requests_total{instance="b",app="y",worker_id="worker_1_1"}': "0x10",
    'gunicorn_worker_responses_by_class_total{instance="a",app="x",worker_id="worker_1_1",class="4xx"}': "0+2x10",
    'gunicorn_worker_responses_by_class_total{instance="a",app="x",worker_id="worker_1_1",class="5xx"}': "0+4x10",
    'gunicorn_worker_responses_by_class_total{instance="a",app="x",worker_id="worker_1_1",class="2xx"}': "0+54x10",
    'gunicorn_worker_responses_by_class_total{instance="b",app="x",worker_id="worker_1_1",class="5xx"}': "0x10",
    'gunicorn_worker_busy_seconds_total{instance="a",app="x",worker_id="worker_1_1"}': "0+60x10",
    'gunicorn_worker_busy_seconds_total{instance="b",app="x",worker_id="worker_1_1"}': "0+60x10",
    'gunicorn_worker_busy_seconds_total{instance="b",app="x",worker_id="worker_0_1"}': "90x10",
    'gunicorn_workers{instance="a",app="x",state="busy"}': "1x10",
    'gunicorn_workers{instance="a",app="x",state="idle"}': "0x10",
    'gunicorn_workers{instance="b",app="x",state="busy"}': "1x10",
    'gunicorn_workers{instance="b",app="x",state="idle"}': "0x10",
}
VALUES = [
    ("gunicorn.json", "Utilisation", {'{app="x"}': 1}),
    ("gunicorn.json", "Failed", {"{}": 0.1 / 3}),
    ("gunicorn.json", "Error rate", {'{app="x"}': 0.1 / 3}),
    ("gunicorn-workers.json", "Request rate", {'{instance="a",app="x",worker_id="worker_1_1"}': 1, '{instance="b",app="x",worker_id="worker_1_1"}': 2,
                                               '{instance="b",app="y",worker_id="worker_1_1"}': 0}),
    # Nothing of b's has failed: that is 0.
    ("gunicorn-workers.json", "Error rate", {'{instance="a",app="x",worker_id="worker_1_1"}': 0.1, '{instance="b",app="x",worker_id="worker_1_1"}': 0}),
]


def test_what_panels_show(tmp_path):
    expressions = {(name, panel["title"]): panel["targets"][0]["expr"] for name in DASHBOARDS for panel in panels_of(name) if panel.get("targets")}
    asked = [{"expr": filled(expressions[name, title]), "eval_time": "10m", "exp_samples": [{"labels": labels, "value": value} for labels, value in values.items()]}
             for name, title, values in VALUES]
    tests = tmp_path / "tests.yml"
    tests.write_text(json.dumps({"evaluation_interval": "1m", "tests": [
        {"interval": "1m", "input_series": [{"series": series, "values": values} for series, values in SHOWN.items()], "promql_expr_test": asked}]}))
    promtool("test", "rules", tests)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_sound(name, tmp_path):
    panels = panels_of(name)
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in panels]
    assert len(set(titles)) == len(titles)
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"] or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert all(used(expression) for expression in expressions)
    assert set().union(*map(used, expressions)) <= known_metrics()
    # Every expression parses, with Grafana's variables filled in.
    rules = tmp_path / "expressions.yml"
    rules.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel:{index}", "expr": filled(expression)} for index, expression in enumerate(expressions)]}]}))
    promtool("check", "rules", rules)
