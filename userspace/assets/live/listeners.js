// SPDX-License-Identifier: BSD-2-Clause
// How full the listeners are, and why workers ended.
import { Table } from "./dom.js";
import * as format from "./format.js";

export class Listeners {
  constructor(section) {
    this.section = section;
    this.table = new Table(section, {
      caption: "Listeners",
      key: (listener) => listener.name,
      empty: "Not measured.",
      columns: [
        { title: "Address", kind: "path", text: (listener) => listener.name },
        { title: "Waiting", kind: "number", text: (listener) => format.count(listener.waiting), hint: "Connections that wait for accept()" },
        { title: "Limit", kind: "number", text: (listener) => format.count(listener.limit) },
        { title: "Dropped", kind: "number", text: (listener) => format.count(listener.dropped), hint: "Connections that the kernel dropped" },
      ],
    });
  }

  update(target) {
    this.table.update(target.listeners);
  }
}

export class Exits {
  constructor(section) {
    this.table = new Table(section, {
      caption: "Workers that ended, by reason",
      key: ([reason]) => reason,
      empty: "None since the exporter began.",
      columns: [
        { title: "Reason", text: ([reason]) => reason },
        { title: "Workers", kind: "number", text: ([, count]) => format.count(count), value: ([, count]) => count },
      ],
    });
  }

  update(target) {
    this.table.update(Object.entries(target.exits).filter(([, count]) => count).sort((a, b) => b[1] - a[1]));
  }
}
