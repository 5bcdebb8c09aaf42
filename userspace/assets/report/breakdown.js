// SPDX-License-Identifier: BSD-2-Clause
// A bar of a request's parts.
import { element } from "../live/dom.js";
import { duration } from "../live/format.js";
import { PARTS } from "./parts.js";

// `of`: an object with the fields of PARTS, in seconds; `longest`: what fills the whole width.
export function bar(of, longest) {
  const made = element("div", { class: "bar", role: "img" });
  const said = [];
  for (const part of PARTS) {
    const seconds = of[part.field];
    if (!seconds) continue;
    said.push(`${part.label} ${duration(seconds)}`);
    const piece = element("span", { title: said.at(-1) });
    piece.style.width = `${(100 * seconds) / longest}%`;
    piece.style.background = `var(${part.colour})`;
    made.append(piece);
  }
  made.setAttribute("aria-label", said.join(", ") || "not known");
  return made;
}

export function legend() {
  return element("ul", { class: "legend" }, ...PARTS.map((part) => {
    const swatch = element("span", { class: "swatch block" });
    swatch.style.background = `var(${part.colour})`;
    return element("li", {}, swatch, part.label);
  }));
}

export function isDivided(request) {
  return request.on_cpu_seconds !== null && request.on_cpu_seconds !== undefined;
}
