# SPDX-License-Identifier: BSD-2-Clause
"""The dashboards are what Grafana's own schema says: the TypeScript compiler compares them with its types, by which also a
field that Grafana does not know is an error. Needs npm; what it fetches is kept outside the source tree."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
GRAFANA = HERE.parents[1] / "deploy/grafana"
CACHE = pathlib.Path(os.environ.get("GBE_TEST_CACHE", "/var/cache/gunicorn-bpf-exporter-tests")) / "grafana-schema"
TYPES = "./node_modules/@grafana/schema/dist/esm/raw"

# Enumerations are literals in JSON, and what is left out has its default.
PLAIN = """
type Plain<T> =
    T extends string ? (string extends T ? string : `${T}`) :
    T extends number | boolean ? T :
    T extends (infer Item)[] ? Plain<Item>[] :
    T extends object ? { [Key in keyof T]?: Plain<T[Key]> } : T;
"""


@pytest.fixture(scope="module")
def workshop():
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "schema/package-lock.json").read_text()
    kept = CACHE / "package-lock.json"
    if not (CACHE / "node_modules/.bin/tsc").exists() or not kept.exists() or kept.read_text() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "schema" / name, CACHE)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=CACHE, check=True, stdin=subprocess.DEVNULL)
    return CACHE


def compile(workshop, name, text):
    source = workshop / f"{name}.ts"
    source.write_text(text)
    command = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "bundler", "--module", "esnext", source.name]
    done = subprocess.run(command, cwd=workshop, capture_output=True, text=True)
    return done.stdout + done.stderr


def program(dashboard):
    """Dashboard and panels against Dashboard; what is a panel kind's own against that kind's types."""
    kinds = sorted({panel["type"] for panel in dashboard["panels"]} - {"row"})
    lines = [f"import type {{ Dashboard }} from '{TYPES}/dashboard/x/dashboard_types.gen';"]
    lines += [f"import type * as {kind} from '{TYPES}/composable/{kind}/panelcfg/x/{panelcfg(kind)}PanelCfg_types.gen';" for kind in kinds]
    lines += [PLAIN, f"export const dashboard: Dashboard = {json.dumps(dashboard, indent=1)};"]
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        lines.append(f"export const options{panel['id']}: Plain<{panel['type']}.Options> = {json.dumps(panel['options'])};")
        if custom := panel["fieldConfig"]["defaults"].get("custom"):
            lines.append(f"export const custom{panel['id']}: Plain<{panel['type']}.FieldConfig> = {json.dumps(custom)};")
    return "\n".join(lines)


def panelcfg(kind):
    return {"timeseries": "TimeSeries"}.get(kind, kind.capitalize())


@pytest.mark.parametrize("name", ["gunicorn.json", "gunicorn-workers.json"])
def test_a_dashboard_loads_into_its_schema(workshop, name):
    dashboard = json.loads((GRAFANA / name).read_text())
    assert compile(workshop, pathlib.Path(name).stem, program(dashboard)) == ""


def test_the_schema_refuses_what_it_does_not_know(workshop):
    dashboard = json.loads((GRAFANA / "gunicorn.json").read_text())
    dashboard["panels"][1]["options"]["colourMode"] = "value"
    dashboard["panels"][2]["titel"] = "Failed"
    dashboard["refresh"] = 30
    said = compile(workshop, "wrong", program(dashboard))
    for word in ("colourMode", "titel", "number"):
        assert word in said, said
