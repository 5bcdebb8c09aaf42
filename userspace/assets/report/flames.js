// SPDX-License-Identifier: BSD-2-Clause
// Flame graphs of the sampled Python stacks: where threads waited, and where they ran.
import { flamegraph } from "d3-flame-graph";
import { select } from "d3-selection";
import { element } from "../live/dom.js";
import { count } from "../live/format.js";

const labelOf = (frame) => `${frame.function} (${frame.file}:${frame.line})`;

// sampled: [{frames, samples}], where `frames` are places in the list of `labels`, the outermost first.
function tree(sampled, labels, name) {
  const root = { name, value: 0, children: [] };
  for (const { frames, samples } of sampled) {
    let node = root;
    node.value += samples;
    for (const frame of frames) {
      const label = labels[frame];
      let child = node.children.find((one) => one.name === label);
      if (!child) node.children.push((child = { name: label, value: 0, children: [] }));
      child.value += samples;
      node = child;
    }
  }
  return root;
}

function depth(node) {
  return 1 + Math.max(0, ...node.children.map(depth));
}

function flames(section, title, sampled, labels) {
  const root = tree(sampled, labels, title);
  const place = element("div", { class: "flames", role: "img", "aria-label": `${title}: ${count(root.value)} samples` });
  const said = element("p", { class: "faint" }, `${count(root.value)} samples; wider is more often. Click to enlarge.`);
  section.append(element("h2", {}, title), place, said);
  const width = () => Math.max(280, place.clientWidth || 800);
  const chart = flamegraph().width(width()).cellHeight(18).minFrameSize(1).transitionDuration(0).selfValue(false)
    .label((node) => `${node.data.name}: ${count(node.value)} samples, ${((100 * node.value) / root.value).toFixed(1)} %`)
    .setDetailsElement(said);
  select(place).datum(root).call(chart);
  chart.transitionDuration(150); // only enlarging moves: a page that is printed at once shows all of it
  place.style.minHeight = `${18 * depth(root)}px`;
  new ResizeObserver(() => width() !== chart.width() && chart.width(width()).update()).observe(place);
}

export function stacks(section, recorded, frames) {
  const kinds = [["Waiting", recorded?.waiting ?? []], ["Running", recorded?.running ?? []]].filter(([, found]) => found.length);
  if (!kinds.length) section.append(element("p", { class: "faint" }, "No request was slow enough to be sampled, or its Python could not be read."));
  const labels = (frames ?? []).map(labelOf);
  for (const [title, found] of kinds) flames(section, title, found, labels);
  const rejected = Object.entries(recorded?.rejected ?? {}).filter(([, number]) => number);
  if (rejected.length) section.append(element("p", { class: "faint" }, `Not counted: ${rejected.map(([reason, number]) => `${count(number)} ${reason.replaceAll("_", " ")}`).join(", ")}.`));
}
