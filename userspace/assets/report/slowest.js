// SPDX-License-Identifier: BSD-2-Clause
// The slowest requests: a bar of where each one's time went, and on request its peers and its Python stack.
import { element } from "../live/dom.js";
import { clock, duration } from "../live/format.js";
import { bar, isDivided, legend } from "./breakdown.js";
import { BEFORE } from "./parts.js";

const percentOf = (samples, all) => `${Math.round((100 * samples) / all)} %`;

function stackOf(stack, frames, all) {
  const lines = stack.frames.map((index) => frames[index]).reverse().map((frame) =>
    element("li", {}, element("code", {}, frame.function), element("span", { class: "faint" }, ` ${frame.file}:${frame.line}`)));
  return element("div", {}, element("p", { class: "faint" }, `${percentOf(stack.samples, all)} of ${all} samples, ${stack.state}; the innermost call first`), element("ol", { class: "stack" }, ...lines));
}

function details(request, frames) {
  const facts = [`${request.worker}, process ${request.pid}`];
  for (const part of BEFORE) if (request[part.field]) facts.push(`before that ${duration(request[part.field])} ${part.label}`);
  if (request.incomplete) facts.push(`cut off by ${request.ended_by ?? "somebody"}`);
  if (request.shared) facts.push("its thread served other requests meanwhile: the parts are what the thread did");
  const made = [element("p", {}, facts.join("; "))];
  for (const peer of request.sockets ?? []) made.push(element("p", {}, "waited for ", element("code", {}, peer.peer), ` ${duration(peer.seconds)}`));
  const stacks = request.stacks ?? [];
  const all = stacks.reduce((sum, stack) => sum + stack.samples, 0);
  made.push(...stacks.slice(0, 3).map((stack) => stackOf(stack, frames, all)));
  return made;
}

export function slowest(section, requests, frames) {
  if (!requests.length) {
    section.append(element("p", { class: "faint" }, "No request ended while this was recorded."));
    return;
  }
  const longest = Math.max(...requests.map((request) => request.duration_seconds));
  section.append(legend());
  const list = element("ol", { class: "requests" });
  for (const request of requests) {
    const failed = request.exception ?? (request.status >= 400 ? "" : null);
    const summary = element("summary", {},
      element("span", { class: "number" }, duration(request.duration_seconds)),
      element("span", { class: "status", "data-level": failed === null ? "good" : "bad" }, String(request.status ?? "none")),
      element("span", { class: "path" }, `${request.method} ${request.path}`),
      element("span", { class: "faint" }, clock(Date.parse(request.time) / 1000)),
      element("span", { class: "exception" }, failed ?? ""),
      isDivided(request) ? bar(request, longest) : element("div", { class: "bar faint" }, "where its time went is not known"));
    list.append(element("li", {}, element("details", {}, summary, ...details(request, frames))));
  }
  section.append(list);
}
