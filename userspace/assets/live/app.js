// SPDX-License-Identifier: BSD-2-Clause
// Puts the page together: what is polled goes into the history, and every part reads from there.
import { LineChart } from "./charts.js";
import { setText } from "./dom.js";
import { Errors, Failed } from "./errors.js";
import * as format from "./format.js";
import { Health } from "./health.js";
import { Heatmap } from "./heatmap.js";
import { History, LATENCY_SECONDS, TargetHistory, keyOf } from "./history.js";
import { quantile } from "./latency.js";
import { Exits, Listeners } from "./listeners.js";
import { Identity, Targets, Tiles, updateNotices } from "./overview.js";
import { startPolling } from "./poll.js";
import { Workers } from "./workers.js";

const $ = (id) => document.getElementById(id);
const history = new History();
let snapshot = null;
let lastAnswer = null;
let selected = chosen();

// Which Gunicorn the address names.
function chosen() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null;
  }
}

function perSecond(of) {
  return (point) => (point.growth ? of(point.growth) / point.seconds : null);
}

// `over` are the buckets that are looked at; the chart's line ends where there is no request.
function percentile(share, over) {
  return (_, index, targetHistory) => {
    const points = targetHistory.run(LATENCY_SECONDS, index);
    return points.length ? quantile(snapshot.bounds, TargetHistory.buckets(points, over), share)?.value : null;
  };
}

// The longest bucket has no upper bound.
function latency(value) {
  return snapshot && value >= snapshot.bounds.at(-1) ? `> ${format.duration(value)}` : format.duration(value);
}

function makeCharts(section) {
  const durations = (growth) => growth.durations;
  return [
    new LineChart(section, { title: "Requests", note: "per second, every 2 s", format: format.rate, tick: format.tick, fill: true, series: [
      { label: "all", colour: "--blue", value: perSecond((growth) => growth.requests) },
      { label: "4xx", colour: "--orange", value: perSecond((growth) => growth.classes[4]) },
      { label: "5xx", colour: "--red", value: perSecond((growth) => growth.classes[5]) },
    ] }),
    new LineChart(section, { title: "Latency", note: `of ${LATENCY_SECONDS} s each, estimated from buckets`, format: latency, series: [
      { label: "p50", colour: "--teal", value: percentile(0.5, durations) },
      { label: "p95", colour: "--orange", value: percentile(0.95, durations) },
      { label: "p99", colour: "--red", value: percentile(0.99, durations) },
    ] }),
    new Heatmap(section),
    new LineChart(section, { title: "Saturation", note: "at each moment", format: format.count, tick: format.wholeTick, series: [
      { label: "in flight", colour: "--blue", value: (point) => point.state.inFlight },
      { label: "busy workers", colour: "--teal", value: (point) => point.state.busyWorkers },
      { label: "backlog", colour: "--red", value: (point) => point.state.waiting },
    ] }),
    new LineChart(section, { title: "Waiting before a worker reads", note: `p95 of ${LATENCY_SECONDS} s each`, format: latency, series: [
      { label: "for accept()", colour: "--violet", value: percentile(0.95, (growth) => growth.acceptWaits) },
      { label: "for the first read", colour: "--teal", value: percentile(0.95, (growth) => growth.readWaits) },
    ] }),
    new LineChart(section, { title: "CPU of all workers", note: "100 % is one core", format: (value) => format.percent(value / 100), fill: true, series: [
      { label: "CPU", colour: "--violet", value: (point) => point.state.cpu },
    ] }),
  ];
}

const parts = {
  targets: new Targets($("targets"), select), identity: new Identity($("identity")), tiles: new Tiles($("tiles")), charts: makeCharts($("charts")),
  workers: new Workers($("workers")), errors: new Errors($("errors")), failed: new Failed($("failed")), listeners: new Listeners($("listeners")),
  exits: new Exits($("exits")), health: new Health($("health")),
};

function select(key) {
  selected = key;
  window.history.replaceState(null, "", `#${encodeURIComponent(key)}`);
  render();
}

// The chosen one; where there is none, or no more, the first that lives.
function shownTarget() {
  const { targets } = snapshot;
  return targets.find((target) => keyOf(target) === selected) ?? targets.find((target) => target.alive) ?? targets[0];
}

function renderTarget(target) {
  const of = history.targets.get(keyOf(target));
  parts.identity.update(target);
  updateNotices($("notices"), target, of, snapshot);
  parts.tiles.update(target, of, snapshot.bounds);
  for (const chart of parts.charts) chart.update(of, snapshot.bounds);
  for (const name of ["workers", "errors", "failed", "listeners", "exits"]) parts[name].update(target, of);
}

function render() {
  const target = shownTarget();
  $("empty").hidden = Boolean(target);
  $("target").hidden = !target;
  parts.targets.update(snapshot, history, target && keyOf(target));
  if (target) renderTarget(target);
  parts.health.update(snapshot);
}

function onSnapshot(received) {
  lastAnswer = new Date();
  if (!history.add(received)) return;
  snapshot = received;
  render();
}

function onState(state, error) {
  const since = lastAnswer ? ` Last answer at ${lastAnswer.toLocaleTimeString("en-GB")}.` : "";
  const why = error && error.name === "Error" ? ` (${error.message})` : "";
  const text = { live: "Live, every 2 s", paused: "Paused", lost: `Connection lost${why}, trying again.${since}` }[state];
  setText($("connection"), text);
  $("connection").dataset.state = state;
  document.body.classList.toggle("stale", state === "lost");
}

addEventListener("hashchange", () => {
  selected = chosen();
  if (snapshot) render();
});
startPolling("api/v1/live", onSnapshot, onState);
