// SPDX-License-Identifier: BSD-2-Clause
// The choice of a Gunicorn, what it is, the numbers to look at first, and what is worth a look.
import { Table, element, setText } from "./dom.js";
import * as format from "./format.js";
import { LATENCY_SECONDS, TargetHistory, keyOf } from "./history.js";
import { quantile } from "./latency.js";

const RATE_SECONDS = 6; // rates are of so many seconds at a time, so that they can be read before they change

export function nameOf(target) {
  return target.facts.app ?? target.labels.app ?? `master ${target.master_pid}`;
}

export function rateOf(history, of) {
  const points = history.run(RATE_SECONDS);
  return points.length ? TargetHistory.sum(points, of) / TargetHistory.seconds(points) : null;
}

export function latencyOf(history, bounds, share) {
  return quantile(bounds, TargetHistory.buckets(history.run(LATENCY_SECONDS), (growth) => growth.durations), share);
}

export const requestsSeen = (target) => target.workers.reduce((sum, worker) => sum + (worker.requests ?? 0), 0);

export class Targets {
  constructor(section, onSelect) {
    this.section = section;
    this.table = new Table(section, {
      caption: "Observed Gunicorns",
      key: (row) => row.key,
      onSelect,
      columns: [
        { title: "Application", kind: "path", text: (row) => nameOf(row.target) },
        { title: "Master", kind: "number", text: (row) => String(row.target.master_pid) },
        { title: "Container", minor: true, text: (row) => row.target.labels.pod ?? row.target.labels.container ?? format.UNKNOWN },
        { title: "State", minor: true, text: (row) => (row.target.alive ? "running" : "ended"), state: (row) => (row.target.alive ? "running" : "ended") },
        { title: "Workers", kind: "number", minor: true, text: (row) => format.count(row.history.last.state.workers) },
        { title: "Requests/s", kind: "number", text: (row) => format.rate(rateOf(row.history, (growth) => growth.requests)) },
        { title: "5xx/s", kind: "number", text: (row) => format.rate(rateOf(row.history, (growth) => growth.classes[5])) },
        { title: "p95", kind: "number", text: (row) => format.quantile(latencyOf(row.history, row.bounds, 0.95)) },
        { title: "In flight", kind: "number", text: (row) => format.count(row.history.last.state.inFlight) },
      ],
    });
  }

  update(snapshot, history, selected) {
    this.section.hidden = snapshot.targets.length < 2;
    const rows = snapshot.targets.map((target) => ({ key: keyOf(target), target, history: history.targets.get(keyOf(target)), bounds: snapshot.bounds }));
    this.table.update(rows, { selected });
  }
}

export class Identity {
  constructor(section) {
    this.name = element("strong");
    this.facts = element("span", { class: "faint" });
    section.append(this.name, " ", this.facts);
  }

  update(target) {
    const { facts, labels } = target;
    setText(this.name, nameOf(target));
    const parts = [`master ${target.master_pid}`];
    if (!target.alive) parts.push("ended");
    if (facts.worker_class) parts.push(`${facts.worker_class} workers`);
    if (facts.version) parts.push(`Gunicorn ${facts.version}`);
    if (facts.python) parts.push(`Python ${facts.python}`);
    if (facts.bind) parts.push(facts.bind);
    for (const name of ["namespace", "pod", "container"]) if (labels[name]) parts.push(`${name} ${labels[name]}`);
    setText(this.facts, parts.join(" · "));
  }
}

export class Tiles {
  constructor(list) {
    this.nodes = {};
    for (const [name, title] of [["rate", "Requests/s"], ["errors", "5xx/s"], ["latency", "p95 latency"], ["flight", "In flight"],
      ["busy", "Busy workers"], ["backlog", "Backlog"], ["restarts", "Restarts"]]) {
      const value = element("dd", { id: `tile-${name}`, class: "value" });
      const detail = element("dd", { class: "faint" });
      list.append(element("div", { class: "card tile" }, element("dt", {}, title), value, detail));
      this.nodes[name] = { value, detail };
    }
  }

  #set(name, value, detail, { level = "", raw } = {}) {
    const node = this.nodes[name];
    setText(node.value, value);
    setText(node.detail, detail);
    node.value.dataset.level = level;
    if (raw !== undefined) node.value.dataset.value = raw;
  }

  update(target, history, bounds) {
    const { state } = history.last;
    const at = (share) => format.quantile(latencyOf(history, bounds, share));
    const seen = requestsSeen(target);
    const failing = rateOf(history, (growth) => growth.classes[5]);
    this.#set("rate", format.rate(rateOf(history, (growth) => growth.requests)), `${format.count(seen)} seen`, { raw: seen });
    this.#set("errors", format.rate(failing), `4xx/s ${format.rate(rateOf(history, (growth) => growth.classes[4]))}`, { level: failing ? "bad" : "" });
    this.#set("latency", at(0.95), `p50 ${at(0.5)}, p99 ${at(0.99)}`);
    this.#set("flight", format.count(state.inFlight), "being answered");
    const full = state.workers > 0 && state.busyWorkers === state.workers;
    this.#set("busy", `${format.count(state.busyWorkers)} / ${format.count(state.workers)}`, full ? "none is idle" : "of those that run", { level: full ? "warn" : "" });
    const limit = target.listeners.reduce((sum, listener) => sum + listener.limit, 0);
    this.#set("backlog", format.count(state.waiting), limit ? `of ${format.count(limit)} that may wait` : "waiting to be accepted", { level: state.waiting ? "warn" : "" });
    this.#set("restarts", format.count(target.restarts), `${format.count(target.spawns)} ${target.spawns === 1 ? "worker" : "workers"} started`);
  }
}

// Sentences about what a person on call would want to be told.
function noticesOf(target, history, snapshot) {
  const found = [];
  const recent = history.run(60);
  const { state } = history.last;
  if (!snapshot.ready) found.push("The exporter does not observe: its probes are not attached, or the Gunicorn is gone.");
  if (!target.alive) found.push("This Gunicorn has ended. Its last numbers stay for a while.");
  if (state.workers && state.busyWorkers === state.workers && state.waiting) found.push("Every worker is busy and connections wait: there are too few workers, or they are too slow.");
  const dropped = TargetHistory.sum(recent, (growth) => growth.dropped);
  if (dropped) found.push(`The kernel dropped ${format.count(dropped)} connection ${dropped === 1 ? "attempt" : "attempts"} at a listener in the last minute.`);
  const killed = target.workers.filter((worker) => worker.alive && worker.state === "abort").length;
  if (killed) found.push(`${killed === 1 ? "A worker is" : `${killed} workers are`} being aborted: no sign of life within the timeout.`);
  const uncounted = target.workers.filter((worker) => worker.alive && worker.requests === undefined).length;
  if (uncounted) found.push(`${uncounted === 1 ? "A worker is" : `${uncounted} workers are`} not counted: raise --max-processes.`);
  return found;
}

export function updateNotices(list, target, history, snapshot) {
  const sentences = noticesOf(target, history, snapshot);
  list.hidden = !sentences.length;
  if (list.dataset.shown === sentences.join("\n")) return;
  list.dataset.shown = sentences.join("\n");
  list.replaceChildren(...sentences.map((sentence) => element("li", { class: "notice" }, sentence)));
}
