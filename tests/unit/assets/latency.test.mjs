// SPDX-License-Identifier: BSD-2-Clause
import assert from "node:assert/strict";
import test from "node:test";

import { quantile, total } from "../../../userspace/assets/live/latency.js";

const BOUNDS = [1, 2, 4];

test("nothing has no quantile", () => {
  assert.equal(quantile(BOUNDS, [0, 0, 0, 0], 0.5), null);
  assert.equal(quantile(BOUNDS, [], 0.5), null);
});

test("between the bounds of its bucket it is linear", () => {
  assert.equal(quantile(BOUNDS, [0, 0, 10, 0], 0.5).value, 3);
  assert.equal(quantile(BOUNDS, [5, 0, 5, 0], 0.75).value, 3);
  assert.deepEqual(quantile(BOUNDS, [0, 4, 0, 0], 1), { value: 2, bound: 2, below: false, above: false });
});

test("of the first bucket only the upper bound is known", () => {
  assert.deepEqual(quantile(BOUNDS, [10, 0, 0, 0], 0.5), { value: 0.5, bound: 1, below: true, above: false });
});

test("of the last bucket only the lower bound is known", () => {
  const found = quantile(BOUNDS, [1, 0, 0, 9], 0.95);
  assert.equal(found.value, 4);
  assert.equal(found.above, true);
});

test("an empty bucket holds no quantile", () => {
  assert.equal(quantile(BOUNDS, [5, 0, 5, 0], 0.5).value, 1);
});

test("all of them", () => assert.equal(total([1, 2, 3]), 6));
