// SPDX-License-Identifier: BSD-2-Clause
// One row for each worker, those that have ended last.
import { Table } from "./dom.js";
import * as format from "./format.js";
import { isBusy, TargetHistory } from "./history.js";

const SECONDS = 6;
const MOST_ENDED = 12;

// On a narrow screen this is all that is said of its state.
function nowOf(worker) {
  if (!worker.alive || worker.state !== "running") return stateOf(worker);
  if (worker.in_flight === undefined) return format.UNKNOWN;
  return isBusy(worker) ? "busy" : "idle";
}

const stateOf = (worker) => (worker.alive ? worker.state : "ended");

export class Workers {
  constructor(section) {
    const number = (title, text, more = {}) => ({ title, text, kind: "number", ...more });
    this.table = new Table(section, {
      caption: "Workers",
      key: (row) => row.worker.id,
      empty: "No workers.",
      columns: [
        { title: "Worker", kind: "name", text: (row) => row.worker.id },
        number("PID", (row) => (row.worker.pid ? String(row.worker.pid) : format.UNKNOWN), { minor: true }),
        { title: "State", minor: true, text: (row) => stateOf(row.worker), state: (row) => stateOf(row.worker) },
        { title: "Now", text: (row) => nowOf(row.worker), state: (row) => nowOf(row.worker) },
        number("In flight", (row) => format.count(row.worker.in_flight), { hint: "Requests begun and not answered" }),
        number("Requests/s", (row) => format.rate(row.rate)),
        number("Requests", (row) => format.count(row.worker.requests), { value: (row) => row.worker.requests }),
        number("Busy", (row) => format.percent(row.busy), { hint: "Share of the last seconds in which it served somebody" }),
        number("CPU", (row) => (row.worker.cpu === undefined ? format.UNKNOWN : format.percent(row.worker.cpu / 100)), { hint: "100 % is one core" }),
        number("Memory", (row) => format.bytes(row.worker.memory), { hint: "Resident set" }),
        number("Open", (row) => format.count(row.worker.open), { hint: "Open connections", minor: true }),
        number("Age", (row) => format.age(row.worker.uptime), { minor: true }),
      ],
    });
  }

  update(target, history) {
    const points = history.run(SECONDS);
    const seconds = TargetHistory.seconds(points);
    const requests = TargetHistory.counts(points, (growth) => growth.workerRequests);
    const busy = TargetHistory.counts(points, (growth) => growth.workerBusy);
    const rows = target.workers.map((worker) => ({
      worker,
      rate: worker.alive && seconds && requests.has(worker.id) ? requests.get(worker.id) / seconds : null,
      // The kernel's clock and this snapshot's are read one after the other.
      busy: worker.alive && seconds && busy.has(worker.id) ? Math.min(1, busy.get(worker.id) / seconds) : null,
    }));
    const living = rows.filter((row) => row.worker.alive);
    const ended = rows.filter((row) => !row.worker.alive).reverse();
    this.table.update([...living, ...ended], { most: living.length + MOST_ENDED });
  }
}
