// SPDX-License-Identifier: BSD-2-Clause
// Charts over the time of the recording: lines, and a heat map of durations.
import uPlot from "uplot";
import { element, setText } from "../live/dom.js";
import { clock, count, duration } from "../live/format.js";

const HEIGHT = 180;
const made = [];

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axes(format, side = {}) {
  const common = { stroke: colour("--faint"), font: "11px system-ui, sans-serif", grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false } };
  return [
    { ...common, size: 24, space: 70, values: (_, times) => times.map(clock) },
    { ...common, size: 56, space: 30, values: (_, values) => values.map(format), ...side },
  ];
}

// `options()` is asked again when the colours change; `say(chart)` gives the text below for where the cursor is.
function chart(section, { title, note, data, options, say }) {
  const plot = element("div", { class: "plot", role: "img", "aria-label": title });
  const said = element("li");
  section.append(element("figure", { class: "card chart" },
    element("figcaption", {}, element("h2", {}, title), element("small", { class: "faint" }, note)), plot, element("ul", { class: "legend" }, said)));
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    const frame = { width: plot.clientWidth || 400, height: HEIGHT, legend: { show: false }, padding: [8, 8, 0, 0], cursor: { drag: { x: false, y: false } } };
    const given = options();
    drawn = new uPlot({ ...frame, ...given, hooks: { ...given.hooks, setCursor: [(at) => setText(said, say(at))] } }, data, plot);
    setText(said, say(drawn));
  };
  draw();
  new ResizeObserver(() => {
    if (plot.clientWidth && plot.clientWidth !== drawn.width) drawn.setSize({ width: plot.clientWidth, height: HEIGHT });
  }).observe(plot);
  made.push(draw);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => made.forEach((draw) => draw()));

// series: {label, colour, values}; a value may be null.
export function lines(section, { title, note = "", times, series, format }) {
  chart(section, {
    title, note,
    data: [times, ...series.map((one) => one.values)],
    options: () => ({
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: axes(format),
      series: [{}, ...series.map((one) => ({ label: one.label, stroke: colour(one.colour), width: 1.5, points: { show: times.length < 3 } }))],
    }),
    say: (at) => {
      const index = at.cursor.idx ?? times.length - 1;
      return index < 0 ? "nothing was recorded" : `${clock(times[index])}: ${series.map((one) => `${one.label} ${format(one.values[index])}`).join(", ")}`;
    },
  });
}

function rangeOf(bounds, row) {
  if (row >= bounds.length) return `over ${duration(bounds.at(-1))}`;
  return row ? `${duration(bounds[row - 1])} to ${duration(bounds[row])}` : `up to ${duration(bounds[0])}`;
}

// `columns`: for each `seconds` from `began`, how many requests ended in each bucket. On a logarithmic scale: ten slow
// requests among ten thousand quick ones are what one looks for.
export function heatmap(section, { began, seconds, bounds, columns }) {
  const most = Math.max(1, ...columns.flat());
  const times = columns.map((_, index) => began + index * seconds);
  const shade = (requests) => 0.18 + 0.82 * (most > 1 ? Math.log(requests) / Math.log(most) : 1);
  const draw = ({ ctx, bbox, valToPos }) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = colour("--heat");
    columns.forEach((column, index) => {
      const left = Math.round(valToPos(times[index], "x", true));
      const width = Math.max(1, Math.round(valToPos(times[index] + seconds, "x", true)) - left);
      column.forEach((requests, row) => {
        if (!requests) return;
        const top = Math.round(valToPos(row + 1, "y", true));
        ctx.globalAlpha = shade(requests);
        ctx.fillRect(left, top, width, Math.round(valToPos(row, "y", true)) - top);
      });
    });
    ctx.restore();
  };
  chart(section, {
    title: "Durations", note: "requests by the time of their end and by duration; darker is more",
    data: [times, times.map(() => null)],
    options: () => ({
      scales: { x: { time: true, range: () => [began, began + Math.max(1, columns.length) * seconds] }, y: { range: () => [0, bounds.length + 1] } },
      axes: axes(String, { splits: () => bounds.map((_, index) => index + 1).filter((row) => row % 2 === 0), values: (_, rows) => rows.map((row) => duration(bounds[row - 1])), grid: { show: false } }),
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [draw] },
    }),
    say: (at) => {
      if ((at.cursor.left ?? -1) < 0) return "point at a cell to read it";
      const index = Math.floor((at.posToVal(at.cursor.left, "x") - began) / seconds);
      const row = Math.floor(at.posToVal(at.cursor.top, "y"));
      return columns[index]?.[row] === undefined ? "nothing is known here" : `${clock(times[index])}: ${count(columns[index][row])} requests took ${rangeOf(bounds, row)}`;
    },
  });
}
