# SPDX-License-Identifier: BSD-2-Clause
"""Builds dashboards as Grafana imports them: places panels on its grid, numbers them, adds the data source.

What is on a dashboard is described in dashboards.py.
"""

WIDTH = 24  # of Grafana's grid
SOURCE = {"type": "prometheus", "uid": "${datasource}"}

LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True}
OPTIONS = {
    "timeseries": {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
             "reduceOptions": {"calcs": ["lastNotNull"], "values": False}},
    "heatmap": {"calculate": False, "cellGap": 1, "color": {"scheme": "Oranges", "mode": "scheme", "steps": 64, "exponent": 0.5, "reverse": False, "fill": "dark-orange"},
                "yAxis": {"unit": "s"}, "rowsFrame": {"layout": "auto"}, "tooltip": {"mode": "single", "yHistogram": False},
                "legend": {"show": True}, "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9}},
    "table": {"showHeader": True, "cellHeight": "sm"},
}
CUSTOM = {"timeseries": {"fillOpacity": 10, "showPoints": "never"}}


class Panel:
    """`queries`: (expression, legend) pairs. `help` is what the panel's (i) says."""

    def __init__(self, title, unit, queries, kind="timeseries", width=8, height=8, help=None):
        self.title, self.unit, self.queries = title, unit, queries
        self.kind, self.width, self.height, self.help = kind, width, height, help

    def _target(self, index, expression, legend):
        target = {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
        if self.kind == "heatmap":
            target["format"] = "heatmap"
        if self.kind == "table":
            target |= {"format": "table", "instant": True}
        return target

    def as_json(self, number, x, y):
        defaults = {"unit": self.unit, "min": 0}
        if self.kind in CUSTOM:
            defaults["custom"] = CUSTOM[self.kind]
        made = {"id": number, "type": self.kind, "title": self.title, "datasource": SOURCE,
                "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
                "targets": [self._target(index, *query) for index, query in enumerate(self.queries)],
                "fieldConfig": {"defaults": defaults, "overrides": []}, "options": OPTIONS[self.kind]}
        if self.help:
            made["description"] = self.help
        return made


def _place(rows):
    """Panels from left to right, then in the next line; a row begins with its title."""
    made, y = [], 0
    for title, panels in rows.items():
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
                     "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        y, x, line = y + 1, 0, 0
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y, line = 0, y + line, 0
            made.append(panel.as_json(len(made) + 1, x, y))
            x, line = x + panel.width, max(line, panel.height)
        y += line
    return made


def variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "query": {"query": query, "refId": name},
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}


def dashboard(uid, title, rows, variables, links):
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1,
              "current": {"text": "default", "value": "default"}}
    return {"uid": uid, "title": title, "tags": ["gunicorn"], "schemaVersion": 39, "version": 1, "editable": True,
            "time": {"from": "now-1h", "to": "now"}, "refresh": "30s", "timezone": "", "graphTooltip": 1, "annotations": {"list": []},
            "links": [{"type": "link", "title": name, "url": f"/d/{other}", "icon": "dashboard", "tooltip": "", "tags": [], "asDropdown": False,
                       "targetBlank": False, "includeVars": True, "keepTime": True} for name, other in links.items()],
            "templating": {"list": [source, *variables]}, "panels": _place(rows)}
