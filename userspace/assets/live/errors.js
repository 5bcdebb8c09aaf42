// SPDX-License-Identifier: BSD-2-Clause
// What went wrong: by the exception behind it, and by the endpoint that answered so.
import { Table } from "./dom.js";
import * as format from "./format.js";
import { KEPT_SECONDS, TargetHistory } from "./history.js";

const MOST = 15;

// Rows of {key, recent, seen} with the labels in `key`, the most frequent of late first. `group` picks the labels that
// make a row.
export function rowsOf(target, history, { pairs, keys, growth, group }) {
  const rows = new Map();
  const row = (labels) => {
    const key = group(labels);
    const name = JSON.stringify(key);
    if (!rows.has(name)) rows.set(name, { name, key, recent: 0, seen: 0 });
    return rows.get(name);
  };
  for (const worker of target.workers) for (const [index, count] of worker[pairs] ?? []) row(target[keys][index]).seen += count;
  const recent = TargetHistory.counts(history.run(KEPT_SECONDS), (grown) => grown[growth]);
  for (const [labels, count] of recent) row(JSON.parse(labels)).recent += count;
  return [...rows.values()].sort((a, b) => b.recent - a.recent || b.seen - a.seen || (a.name < b.name ? -1 : 1));
}

const counts = [
  { title: "Recent", kind: "number", text: (row) => format.count(row.recent), value: (row) => row.recent, hint: "While this page was looking, of the last five minutes" },
  { title: "Seen", kind: "number", text: (row) => format.count(row.seen), value: (row) => row.seen, hint: "Of the workers above, since the exporter began" },
];

function recentTitle(history) {
  const seconds = TargetHistory.seconds(history.run(KEPT_SECONDS));
  return seconds < 60 ? `Last ${Math.round(seconds)} s` : `Last ${Math.round(seconds / 60)} min`;
}

export class Errors {
  constructor(section) {
    this.table = new Table(section, {
      caption: "Errors by type",
      key: (row) => row.name,
      empty: "No errors seen.",
      columns: [{ title: "Type", kind: "path", text: (row) => row.key[1] }, { title: "Endpoint", kind: "path", text: (row) => row.key[0] }, ...counts],
    });
  }

  update(target, history) {
    this.table.setTitle(2, recentTitle(history));
    const group = ([method, endpoint, type]) => [`${method} ${endpoint}`, type];
    this.table.update(rowsOf(target, history, { pairs: "errors", keys: "error_keys", growth: "errors", group }), { most: MOST });
  }
}

export class Failed {
  constructor(section) {
    this.table = new Table(section, {
      caption: "Failed responses by endpoint",
      key: (row) => row.name,
      empty: "No response of status 400 or above seen.",
      columns: [{ title: "Endpoint", kind: "path", text: (row) => row.key[0] }, { title: "Status", kind: "number", text: (row) => String(row.key[1]) }, ...counts],
    });
  }

  update(target, history) {
    this.table.setTitle(2, recentTitle(history));
    const group = ([method, endpoint, status]) => [`${method} ${endpoint}`, status];
    this.table.update(rowsOf(target, history, { pairs: "failed", keys: "failed_keys", growth: "failed", group }), { most: MOST });
  }
}
