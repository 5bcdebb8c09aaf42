// SPDX-License-Identifier: BSD-2-Clause
// Charts over time: uPlot with axes, colours and a legend of this page.
import { element, setText } from "./dom.js";
import { UNKNOWN, clock, clockMinutes } from "./format.js";
import { KEPT_SECONDS } from "./history.js";

const HEIGHT = 170;
const TIME_STEPS = [10, 15, 30, 60, 120, 300]; // seconds between the named times
const charts = new Set();

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function axes(format, side = {}) {
  const line = colour("--grid");
  const common = { stroke: colour("--faint"), font: "11px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return [
    { ...common, size: 24, space: 62, incrs: TIME_STEPS, values: (_, times) => times.map(clockMinutes) },
    { ...common, size: 52, space: 30, values: (_, values) => values.map(format), ...side },
  ];
}

// The frame of a chart, and its life: as wide as its place, made anew when the colours change. `make(width, height)`
// gives uPlot's options, `readout(index)` is called with the point under the cursor, or null.
export class Frame {
  constructor(section, { title, note, make, readout }) {
    this.make = make;
    this.readout = readout;
    this.plot = element("div", { class: "plot", role: "img", "aria-label": title });
    this.legend = element("ul", { class: "legend" });
    this.figure = element("figure", { class: "card chart" },
      element("figcaption", {}, element("h2", {}, title), element("small", { class: "faint" }, note)), this.plot, this.legend);
    section.append(this.figure);
    this.data = null;
    new ResizeObserver(() => this.#resize()).observe(this.plot);
    charts.add(this);
  }

  #resize() {
    const width = this.plot.clientWidth;
    if (this.chart && width && width !== this.chart.width) this.chart.setSize({ width, height: HEIGHT });
    else if (!this.chart && width && this.data) this.rebuild();
  }

  rebuild() {
    this.chart?.destroy();
    this.chart = null;
    const width = this.plot.clientWidth;
    if (!width || !this.data) return;
    const options = {
      width, height: HEIGHT, legend: { show: false }, padding: [8, 26, 0, 0],
      cursor: { sync: { key: "time" }, drag: { x: false, y: false }, points: { size: 6 } },
      ...this.make(),
      hooks: { setCursor: [(chart) => this.readout(chart.cursor.idx ?? null)], ...this.make().hooks },
    };
    this.chart = new uPlot(options, this.data, this.plot);
  }

  update(data) {
    this.data = data;
    if (this.chart) this.chart.setData(data);
    else this.rebuild();
    this.readout(this.chart?.cursor.idx ?? null);
  }

  describe(text) {
    if (this.plot.getAttribute("aria-label") !== text) this.plot.setAttribute("aria-label", text);
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart.rebuild()));

// As long as there is something to show: from one minute to all that is kept.
export function timeRange(chart) {
  const [times] = chart.data;
  const end = times.at(-1) ?? 0;
  return [Math.max(end - KEPT_SECONDS, Math.min(times[0] ?? end, end - 60)), end];
}

// Lines. series: {label, colour (a CSS variable), value(point, index, history)}: a number, or null where there is none.
export class LineChart {
  constructor(section, { title, note, series, format, tick = format, fill = false }) {
    this.series = series;
    this.format = format;
    this.title = title;
    this.frame = new Frame(section, {
      title, note,
      make: () => ({
        scales: { x: { time: true, range: timeRange }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
        axes: axes(tick),
        series: [{}, ...series.map((one, index) => ({
          label: one.label, stroke: colour(one.colour), width: 1.5, points: { show: false },
          fill: fill && !index ? `${colour(one.colour)}22` : undefined,
        }))],
      }),
      readout: (index) => this.#show(index),
    });
    this.values = series.map((one) => {
      const value = element("b");
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = `var(${one.colour})`;
      this.frame.legend.append(element("li", {}, swatch, `${one.label} `, value));
      return value;
    });
    this.moment = element("li", { class: "faint" });
    this.frame.legend.append(this.moment);
  }

  #show(index) {
    const data = this.frame.data;
    if (!data) return;
    const at = index ?? data[0].length - 1;
    this.values.forEach((node, number) => setText(node, data[number + 1][at] === null ? UNKNOWN : this.format(data[number + 1][at] ?? NaN)));
    setText(this.moment, index === null ? "" : clock(data[0][at]));
  }

  update(history) {
    const { points } = history;
    const values = this.series.map((one) => points.map((point, index) => one.value(point, index, history) ?? null));
    this.frame.update([points.map((point) => point.time), ...values]);
    const latest = this.series.map((one, number) => `${one.label} ${values[number].at(-1) === null ? "unknown" : this.format(values[number].at(-1))}`);
    this.frame.describe(`${this.title}, now: ${latest.join(", ")}`);
  }
}
