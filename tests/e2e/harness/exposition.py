# SPDX-License-Identifier: BSD-2-Clause
"""The Prometheus text format as a dictionary, and sums over it."""

import re

_SERIES = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"(?:,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def _labels(text):
    pairs, position = {}, 0
    while position < len(text):
        match = _LABEL.match(text, position)
        assert match, f"labels cannot be read at {text[position:]!r}"
        assert match[1] not in pairs, f"label {match[1]} twice in {text!r}"
        pairs[match[1]] = re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape[0]], match[2])
        position = match.end()
    return frozenset(pairs.items())


class Scrape:
    """One scrape: `series` maps (name, frozenset of label pairs) to a float."""

    def __init__(self, text):
        self.text = text
        self.series = {}
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _SERIES.match(line)
            assert match, f"line cannot be read: {line!r}"
            key = (match[1], _labels(match[2] or ""))
            assert key not in self.series, f"series twice: {line!r}"
            self.series[key] = float(match[3])

    def select(self, name, **labels):
        """All series of that name which have these labels: a list of (dict of labels, value)."""
        wanted = set(labels.items())
        return [(dict(pairs), value) for (found, pairs), value in self.series.items() if found == name and wanted <= pairs]

    def total(self, name, **labels):
        return sum(value for _, value in self.select(name, **labels))

    def by(self, name, *keys, **labels):
        """Sums grouped by the values of some labels: {("GET", "/x"): 3.0}; one key gives plain strings."""
        sums = {}
        for found, value in self.select(name, **labels):
            group = found.get(keys[0], "") if len(keys) == 1 else tuple(found.get(key, "") for key in keys)
            sums[group] = sums.get(group, 0.0) + value
        return sums

    def workers(self, **labels):
        """Ids of the workers that live, by their uptime gauge."""
        return {found["worker_id"] for found, _ in self.select("gunicorn_worker_uptime_seconds", **labels)}
