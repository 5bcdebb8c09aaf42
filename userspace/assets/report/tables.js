// SPDX-License-Identifier: BSD-2-Clause
// Routes, errors, peers.
import { Table, element } from "../live/dom.js";
import { count, duration, percent } from "../live/format.js";
import { bar } from "./breakdown.js";

const MOST = 100;

// A histogram as text: one block for each bucket, as high as its share of the fullest.
function shape(buckets) {
  const blocks = "▁▂▃▄▅▆▇█";
  const most = Math.max(...buckets);
  return buckets.map((requests) => (requests ? blocks[Math.min(7, Math.floor((8 * requests) / most))] : "·")).join("");
}

export function routes(section, recorded) {
  const table = new Table(section, {
    caption: "Routes, those that took the most time first", key: (route) => `${route.method} ${route.endpoint}`, empty: "No request ended while this was recorded.",
    columns: [
      { title: "Route", kind: "path", text: (route) => `${route.method} ${route.endpoint}` },
      { title: "Requests", kind: "number", text: (route) => count(route.requests), value: (route) => route.requests },
      { title: "Failed", kind: "number", text: (route) => percent(route.failed / route.requests) },
      { title: "p50", kind: "number", text: (route) => duration(route.p50_seconds), value: (route) => route.p50_seconds },
      { title: "p95", kind: "number", text: (route) => duration(route.p95_seconds), value: (route) => route.p95_seconds },
      { title: "p99", kind: "number", minor: true, text: (route) => duration(route.p99_seconds) },
      { title: "Longest", kind: "number", text: (route) => duration(route.max_seconds) },
      { title: "Durations", kind: "name", minor: true, hint: "from 5 ms on the left to over 10 s on the right", text: (route) => shape(route.buckets) },
      { title: "Where their time went", text: () => "" },
    ],
  });
  table.update(recorded, { most: MOST });
  const longest = Math.max(1e-9, ...recorded.map((route) => route.divided_seconds));
  recorded.slice(0, MOST).forEach((route, index) => table.body.rows[index].lastElementChild.replaceChildren(bar(route, longest)));
}

export function errors(section, recorded, failed) {
  const name = (error) => `${error.method} ${error.endpoint}`;
  new Table(section, {
    caption: "Errors by type", key: (error) => `${error.error_type} ${name(error)}`, empty: "No errors.",
    columns: [
      { title: "Type", kind: "name", text: (error) => error.error_type },
      { title: "Route", kind: "path", text: name },
      { title: "Requests", kind: "number", text: (error) => count(error.requests), value: (error) => error.requests },
    ],
  }).update(recorded, { most: MOST });
  section.append(element("h2", {}, "Failed responses"));
  new Table(section, {
    caption: "Failed responses", key: (error) => `${error.status} ${name(error)}`, empty: "No response of status 400 or above.",
    columns: [
      { title: "Status", kind: "name", text: (error) => String(error.status) },
      { title: "Route", kind: "path", text: name },
      { title: "Responses", kind: "number", text: (error) => count(error.requests), value: (error) => error.requests },
    ],
  }).update(failed, { most: MOST });
}

export function peers(section, recorded) {
  new Table(section, {
    caption: "Sockets that requests waited for", key: (peer) => peer.peer, empty: "No request waited for a socket other than its client's.",
    columns: [
      { title: "Peer", kind: "path", text: (peer) => peer.peer },
      { title: "All requests together", kind: "number", text: (peer) => duration(peer.seconds), value: (peer) => peer.seconds },
    ],
  }).update(recorded, { most: MOST });
}
