// SPDX-License-Identifier: BSD-2-Clause
// How many requests took how long, and when: one column a snapshot, one row a bucket of the histogram.
import { Frame, axes, colour, timeRange } from "./charts.js";
import { element, setText } from "./dom.js";
import { clock, count, duration } from "./format.js";
import { total } from "./latency.js";

// On a logarithmic scale: ten slow requests among ten thousand quick ones are what one looks for.
function shade(requests, most) {
  return 0.18 + 0.82 * (most > 1 ? Math.log(requests) / Math.log(most) : 1);
}

export class Heatmap {
  constructor(section) {
    this.columns = [];
    this.bounds = [];
    this.frame = new Frame(section, {
      title: "Durations", note: "requests by time and duration",
      make: () => this.#options(),
      readout: () => this.#show(),
    });
    this.said = element("li");
    this.frame.legend.append(this.said);
  }

  #options() {
    return {
      scales: { x: { time: true, range: timeRange }, y: { range: () => [0, this.bounds.length + 1] } },
      axes: axes(String, { splits: () => this.#rows(), values: (_, rows) => rows.map((row) => duration(this.bounds[row - 1])), grid: { show: false } }),
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [(chart) => this.#draw(chart)] },
    };
  }

  // The bounds that are named beside the axis: every other one, from the second.
  #rows() {
    return this.bounds.map((_, index) => index + 1).filter((row) => row % 2 === 0);
  }

  #draw(chart) {
    const { ctx, bbox } = chart;
    const most = Math.max(1, ...this.columns.flatMap((column) => column.buckets));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = colour("--heat");
    for (const { begin, end, buckets } of this.columns) {
      const left = Math.round(chart.valToPos(begin, "x", true));
      const width = Math.max(1, Math.round(chart.valToPos(end, "x", true)) - left);
      buckets.forEach((requests, row) => {
        if (!requests) return;
        const top = Math.round(chart.valToPos(row + 1, "y", true));
        const height = Math.round(chart.valToPos(row, "y", true)) - top;
        ctx.globalAlpha = shade(requests, most);
        ctx.fillRect(left, top, width, height);
      });
    }
    ctx.restore();
  }

  #rangeOf(row) {
    if (row >= this.bounds.length) return `over ${duration(this.bounds.at(-1))}`;
    return row ? `${duration(this.bounds[row - 1])} to ${duration(this.bounds[row])}` : `up to ${duration(this.bounds[0])}`;
  }

  #show() {
    const chart = this.frame.chart;
    if (!chart || chart.cursor.left === undefined || chart.cursor.left < 0) return setText(this.said, "the stronger the more; point at a cell to read it");
    const time = chart.posToVal(chart.cursor.left, "x");
    const row = Math.floor(chart.posToVal(chart.cursor.top, "y"));
    const column = this.columns.find(({ begin, end }) => begin <= time && time < end);
    const requests = column?.buckets[row];
    setText(this.said, requests === undefined ? "nothing known here" : `${clock(column.end)}: ${count(requests)} requests took ${this.#rangeOf(row)}`);
  }

  update(history, bounds) {
    this.bounds = bounds;
    this.columns = history.points
      .filter((point) => point.growth)
      .map((point) => ({ begin: point.time - point.seconds, end: point.time, buckets: point.growth.durations }));
    const times = history.points.map((point) => point.time);
    this.frame.update([times, times.map(() => null)]);
    const sums = bounds.concat(Infinity).map((_, row) => this.columns.reduce((sum, column) => sum + column.buckets[row], 0));
    const parts = sums.map((sum, row) => (sum ? `${count(sum)} ${this.#rangeOf(row)}` : "")).filter(Boolean);
    this.frame.describe(`Durations of ${count(total(sums))} requests: ${parts.join(", ") || "none"}`);
  }
}
