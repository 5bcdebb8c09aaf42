// SPDX-License-Identifier: BSD-2-Clause
// One line a worker: from when to when it lived, and how busy it was meanwhile.
import { element } from "../live/dom.js";
import { bytes, percent } from "../live/format.js";

const average = (values) => {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
};
const last = (values) => values.filter((value) => value !== null).at(-1) ?? null;

function track(worker, times) {
  const made = element("div", { class: "track", role: "img", "aria-label": `busy ${percent(average(worker.busy))}` });
  worker.busy.forEach((share, index) => {
    const cell = element("span");
    if (worker.state[index]) {
      cell.className = worker.state[index];
      cell.style.setProperty("--share", String(share ?? 0));
      cell.title = `${new Date(times[index] * 1000).toLocaleTimeString("en-GB")}: ${worker.state[index]}, busy ${percent(share)}`;
    }
    made.append(cell);
  });
  return made;
}

export function workers(section, recorded, times) {
  if (!recorded.length) {
    section.append(element("p", { class: "faint" }, "No worker was there."));
    return;
  }
  const body = element("tbody", {}, ...recorded.map((worker) => element("tr", {},
    element("th", { scope: "row", class: "name" }, worker.worker_id),
    element("td", { class: "timeline" }, track(worker, times)),
    element("td", { class: "number" }, percent(average(worker.busy))),
    element("td", { class: "number" }, percent(average(worker.cpu_percent) === null ? null : average(worker.cpu_percent) / 100)),
    element("td", { class: "number" }, bytes(last(worker.memory_bytes))))));
  const head = ["Worker", "Darker is busier", "Busy", "CPU", "Memory"].map((title, index) => element("th", { scope: "col", class: index > 1 ? "number" : "" }, title));
  section.append(element("div", { class: "scroller" }, element("table", {}, element("caption", { class: "unseen" }, "Workers over time"), element("thead", {}, element("tr", {}, ...head)), body)));
}
