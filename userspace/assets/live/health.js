// SPDX-License-Identifier: BSD-2-Clause
// Whether what is above can be trusted: what the exporter lost, and what it could not do.
import { element, setText } from "./dom.js";
import * as format from "./format.js";

function linesOf({ self, version }) {
  const lost = Object.entries(self.events_lost).filter(([, count]) => count);
  const detached = Object.entries(self.programs).filter(([, attached]) => !attached).map(([name]) => name);
  const fullest = self.maps.filter((map) => map.capacity).sort((a, b) => b.entries / b.capacity - a.entries / a.capacity)[0];
  const unread = self.pythons.filter((python) => python.layout !== "ok");
  return [
    ["Given up", lost.length ? lost.map(([reason, count]) => `${reason} ${format.count(count)}`).join(", ") : "nothing", lost.length ? "warn" : "good"],
    ["Programs", detached.length ? `not attached: ${detached.join(", ")}` : `all ${Object.keys(self.programs).length} attached`, detached.length ? "warn" : "good"],
    ["Fullest map", fullest ? `${fullest.name} ${format.percent(fullest.entries / fullest.capacity)} of ${format.count(fullest.capacity)}` : format.UNKNOWN,
      fullest && fullest.entries > fullest.capacity * 0.9 ? "warn" : "good"],
    ["Exception names", unread.length ? `not readable: Python ${unread.map((python) => python.version || "unknown").join(", ")}` : "readable", unread.length ? "warn" : "good"],
    ["A snapshot takes", format.duration(self.snapshot_seconds), ""],
    ["Version", version, ""],
  ];
}

export class Health {
  constructor(section) {
    this.section = section;
    this.list = element("dl", { class: "facts" });
    this.nodes = new Map();
    section.append(this.list);
  }

  update(snapshot) {
    this.section.hidden = false;
    for (const [title, text, level] of linesOf(snapshot)) {
      if (!this.nodes.has(title)) {
        const value = element("dd");
        this.list.append(element("div", {}, element("dt", {}, title), value));
        this.nodes.set(title, value);
      }
      const node = this.nodes.get(title);
      setText(node, text);
      node.dataset.level = level;
    }
  }
}
