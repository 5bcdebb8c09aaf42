// SPDX-License-Identifier: BSD-2-Clause
// The report of one investigation: reads the recording that is in the page, and draws it.
import { element } from "../live/dom.js";
import { age, count, duration, percent, rate } from "../live/format.js";
import { heatmap, lines } from "./charts.js";
import { stacks } from "./flames.js";
import { slowest } from "./slowest.js";
import { errors, peers, routes } from "./tables.js";
import { workers } from "./workers.js";

const place = (id) => document.getElementById(id);
const recording = JSON.parse(place("recording").textContent);
const COLOURS = ["--blue", "--teal", "--orange", "--violet", "--red"];

function identify() {
  const { exporter, duration_seconds: seconds, began } = recording;
  place("when").textContent = `${new Date(began * 1000).toLocaleString("en-GB")}, ${age(seconds)}`;
  for (const target of recording.targets) {
    const facts = Object.entries(target.facts).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
    place("identity").append(element("p", {}, `Gunicorn ${target.master_pid}: ${facts.join(", ")}`));
  }
  place("identity").append(element("p", { class: "faint" }, `Recorded on ${exporter.host}, Linux ${exporter.kernel}, by gunicorn-bpf-exporter ${exporter.version}`));
}

function notices() {
  const said = recording.notices;
  place("notices").hidden = !said.length;
  for (const sentence of said) place("notices").append(element("li", { class: "notice" }, sentence));
}

function tile(name, value, note = "") {
  place("tiles").append(element("div", { class: "card tile" }, element("dt", {}, name), element("dd", { class: "value" }, value), element("dd", { class: "faint" }, note)));
}

function tiles() {
  const { requests } = recording;
  tile("Requests", count(requests.ended), `${rate(requests.ended / recording.duration_seconds)} a second`);
  tile("Failed", percent(requests.ended ? requests.failed / requests.ended : 0), `${count(requests.failed)} of status 400 and above`);
  tile("p50", duration(requests.p50_seconds));
  tile("p95", duration(requests.p95_seconds));
  tile("p99", duration(requests.p99_seconds), `longest ${duration(requests.max_seconds)}`);
}

function charts() {
  const section = place("charts");
  const { times, heatmap: heat } = recording;
  heatmap(section, { began: recording.began, seconds: heat.column_seconds, bounds: heat.bounds, columns: heat.columns });
  lines(section, {
    title: "Requests", note: "that ended, a second", times, format: rate,
    series: [{ label: "all", colour: "--blue", values: recording.rates.requests }, { label: "failed", colour: "--red", values: recording.rates.failed }],
  });
  lines(section, {
    title: "Busy workers", times, format: count,
    series: [{ label: "busy", colour: "--orange", values: recording.busy_workers.busy }, { label: "all", colour: "--faint", values: recording.busy_workers.all }],
  });
  lines(section, {
    title: "Backlog", note: "connections that wait for accept()", times, format: count,
    series: recording.listeners.map((one, index) => ({ label: `${one.listener} (of ${count(one.limit)})`, colour: COLOURS[index % COLOURS.length], values: one.waiting })),
  });
}

identify();
notices();
tiles();
charts();
slowest(place("slowest"), recording.slowest, recording.frames);
routes(place("routes"), recording.routes);
stacks(place("stacks"), recording.stacks, recording.frames);
errors(place("errors"), recording.errors, recording.failed);
peers(place("peers"), recording.peers);
workers(place("workers"), recording.workers, recording.times);
place("licences").textContent = JSON.parse(place("licence-text").textContent);
document.documentElement.dataset.drawn = "yes";
