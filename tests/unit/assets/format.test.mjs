// SPDX-License-Identifier: BSD-2-Clause
import assert from "node:assert/strict";
import test from "node:test";

import * as format from "../../../userspace/assets/live/format.js";

test("what is not known is a dash", () => {
  for (const name of ["count", "rate", "duration", "bytes", "percent", "age"])
    for (const nothing of [undefined, null, NaN, Infinity]) assert.equal(format[name](nothing), "–", name);
  assert.equal(format.quantile(null), "–");
});

test("counts are whole", () => {
  assert.equal(format.count(0), "0");
  assert.equal(format.count(1234567), "1\u202f234\u202f567");
});

test("rates are as exact as they can be read", () => {
  assert.deepEqual([0, 0.05, 0.5, 12.34, 1234.5].map(format.rate), ["0", "0.05", "0.5", "12.3", "1\u202f235"]);
});

test("durations", () => {
  assert.deepEqual([0, 0.0000042, 0.0042, 0.042, 0.5, 1, 1.25, 12.34].map(format.duration),
    ["0", "4 µs", "4.2 ms", "42 ms", "500 ms", "1 s", "1.25 s", "12.3 s"]);
});

test("a quantile says when it is only a bound", () => {
  assert.equal(format.quantile({ value: 0.004, bound: 0.005, below: true }), "≤ 5.0 ms");
  assert.equal(format.quantile({ value: 10, bound: Infinity, above: true }), "> 10 s");
  assert.equal(format.quantile({ value: 0.03, bound: 0.05 }), "30 ms");
});

test("sizes, shares and ages", () => {
  assert.deepEqual([10, 2048, 52428800, 3 * 2 ** 30].map(format.bytes), ["10 B", "2.0 KiB", "50 MiB", "3.0 GiB"]);
  assert.deepEqual([0, 0.012, 0.5, 2].map(format.percent), ["0\u202f%", "1.2\u202f%", "50\u202f%", "200\u202f%"]);
  assert.deepEqual([5, 65, 3700, 90000].map(format.age), ["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h"]);
});
