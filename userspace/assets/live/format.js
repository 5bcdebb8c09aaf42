// SPDX-License-Identifier: BSD-2-Clause
// Numbers as a person reads them. What is not known is a dash, never a zero.

export const UNKNOWN = "–";
const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

export function count(value) {
  return known(value) ? value.toLocaleString("en-US").replaceAll(",", "\u202f") : UNKNOWN;
}

export function rate(value) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  if (value < 0.1) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : count(Math.round(value));
}

// Beside an axis.
export const tick = (value) => String(Number(value.toPrecision(3)));
export const wholeTick = (value) => (Number.isInteger(value) ? String(value) : "");

export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < 0.001) return seconds === 0 ? "0" : `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(0)} ms`;
  return `${seconds.toFixed(seconds < 10 ? 2 : 1).replace(/\.?0+$/, "")} s`;
}

// A quantile as latency.js gives it: where the bucket has no lower or no upper bound, only the other is known.
export function quantile(found) {
  if (!found) return UNKNOWN;
  if (found.above) return `> ${duration(found.value)}`;
  return found.below ? `≤ ${duration(found.bound)}` : duration(found.value);
}

export function bytes(value) {
  if (!known(value)) return UNKNOWN;
  if (value < 1024) return `${value} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let index = -1;
  do {
    value /= 1024;
    index += 1;
  } while (value >= 1024 && index < units.length - 1);
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[index]}`;
}

export function percent(share) {
  return known(share) ? `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}\u202f%` : UNKNOWN;
}

export function age(seconds) {
  if (!known(seconds)) return UNKNOWN;
  const whole = Math.floor(seconds);
  const pair = (large, size, small, unit) => `${Math.floor(whole / size)} ${large} ${Math.floor((whole % size) / unit)} ${small}`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair("min", 60, "s", 1);
  if (whole < 86400) return pair("h", 3600, "min", 60);
  return pair("d", 86400, "h", 3600);
}

export function clock(unixSeconds) {
  return new Date(unixSeconds * 1000).toLocaleTimeString("en-GB");
}

export function clockMinutes(unixSeconds) {
  return clock(unixSeconds).slice(0, unixSeconds % 60 ? 8 : 5);
}
