// SPDX-License-Identifier: BSD-2-Clause
// What is computed from counters: exact where two snapshots can be compared, nothing where they cannot.
import assert from "node:assert/strict";
import test from "node:test";

import { History, KEPT_SECONDS, LONGEST_STEP, TargetHistory, keyOf } from "../../../userspace/assets/live/history.js";

const NONE = [0, 0, 0];

function worker(id, requests, more = {}) {
  return { id, alive: true, requests, durations: [requests, 0, 0], responses: { 200: requests }, aborted: 0, failed: [], errors: [],
    in_flight: 0, open: 0, busy: 0, accept_waits: NONE, read_waits: NONE, ...more };
}

function snapshot(time, workers, more = {}) {
  const target = { master_pid: 7, labels: {}, alive: true, listeners: [], workers, failed_keys: [], error_keys: [], ...more.target };
  return { instance: more.instance ?? "a", time, bounds: [0.1, 1], targets: more.targets ?? [target] };
}

function historyOf(...snapshots) {
  const history = new History();
  for (const one of snapshots) history.add(one);
  return history.targets.values().next().value;
}

const requests = (points) => TargetHistory.sum(points, (growth) => growth.requests);

test("the first snapshot tells no rate", () => {
  const history = historyOf(snapshot(100, [worker("w1", 50)]));
  assert.equal(history.last.growth, null);
  assert.deepEqual(history.run(60), []);
});

test("a rate is what counters grew by, over the exporter's own time", () => {
  const history = historyOf(snapshot(100, [worker("w1", 50)]), snapshot(102.5, [worker("w1", 60)]));
  const run = history.run(60);
  assert.equal(requests(run), 10);
  assert.equal(TargetHistory.seconds(run), 2.5);
  assert.deepEqual(TargetHistory.buckets(run, (growth) => growth.durations), [10, 0, 0]);
});

test("a worker that comes counts from 0, one that goes takes nothing away", () => {
  const history = historyOf(snapshot(100, [worker("w1", 50)]), snapshot(102, [worker("w1", 51), worker("w2", 4)]), snapshot(104, [worker("w2", 6)]));
  assert.deepEqual(history.points.map((point) => point.growth?.requests), [undefined, 5, 2]);
});

test("a Gunicorn that appears while one looks counts from 0", () => {
  const history = historyOf(snapshot(100, [], { targets: [] }), snapshot(102, [worker("w1", 5)]));
  assert.equal(history.last.growth.requests, 5);
});

test("an exporter that started again is not compared with the one before", () => {
  const history = historyOf(snapshot(100, [worker("w1", 50)]), snapshot(102, [worker("w1", 60)]),
    snapshot(104, [worker("w1", 70)], { instance: "b" }), snapshot(106, [worker("w1", 73)], { instance: "b" }));
  assert.deepEqual(history.points.map((point) => point.growth?.requests), [undefined, 10, undefined, 3]);
  assert.equal(requests(history.run(60)), 3, "a run ends at the gap");
});

test("after a long silence nothing is computed", () => {
  const history = historyOf(snapshot(100, [worker("w1", 50)]), snapshot(100 + LONGEST_STEP + 1, [worker("w1", 5000)]));
  assert.equal(history.last.growth, null);
});

test("a clock that is set back by much begins a new history", () => {
  const history = historyOf(snapshot(10000, [worker("w1", 50)]), snapshot(10002, [worker("w1", 52)]), snapshot(100, [worker("w1", 60)]), snapshot(102, [worker("w1", 63)]));
  assert.deepEqual(history.points.map((point) => [point.time, point.growth?.requests]), [[100, undefined], [102, 3]]);
});

test("a clock that is set back by little, or an answer that was overtaken, is left out", () => {
  const history = historyOf(snapshot(100, [worker("w1", 50)]), snapshot(99, [worker("w1", 40)]), snapshot(102, [worker("w1", 52)]));
  assert.deepEqual(history.points.map((point) => point.growth?.requests), [undefined, 2]);
});

test("errors are compared by their labels, wherever these stand in the tables", () => {
  const before = snapshot(100, [worker("w1", 5, { errors: [[0, 5]] })], { target: { error_keys: [["GET", "/b", "KeyError"]] } });
  const after = snapshot(102, [worker("w1", 9, { errors: [[0, 2], [1, 6]] })],
    { target: { error_keys: [["GET", "/a", "ValueError"], ["GET", "/b", "KeyError"]] } });
  const counts = TargetHistory.counts(historyOf(before, after).run(60), (growth) => growth.errors);
  assert.deepEqual([...counts], [['["GET","/a","ValueError"]', 2], ['["GET","/b","KeyError"]', 1]]);
});

test("classes of status", () => {
  const history = historyOf(snapshot(100, [worker("w1", 3, { responses: { 200: 3 } })]),
    snapshot(102, [worker("w1", 9, { responses: { 200: 4, 404: 2, 500: 1, 503: 2, 0: 1 } })]));
  assert.deepEqual(history.last.growth.classes, { 4: 2, 5: 3 });
});

test("what a listener dropped before one looked is not new", () => {
  const listener = (dropped) => ({ target: { listeners: [{ name: "a", waiting: 1, limit: 5, dropped }] } });
  const history = historyOf(snapshot(100, [], listener(3)), snapshot(102, [], listener(5)));
  assert.equal(history.last.growth.dropped, 2);
  assert.equal(history.last.state.waiting, 1);
});

test("what is not measured is not zero", () => {
  const history = historyOf(snapshot(100, [worker("w1", 1, { in_flight: undefined, busy: undefined, accept_waits: undefined })]));
  assert.equal(history.last.state.inFlight, null);
  assert.equal(history.last.state.busyWorkers, null);
  assert.equal(history.last.state.waiting, null);
});

test("some minutes are kept", () => {
  const history = new History();
  for (let time = 0; time <= 1000; time += 2) history.add(snapshot(time, [worker("w1", time)]));
  const [kept] = history.targets.values();
  assert.ok(kept.points.length <= KEPT_SECONDS / 2 + 10);
  assert.ok(TargetHistory.seconds(kept.run(KEPT_SECONDS)) >= KEPT_SECONDS - 2);
  assert.equal(requests(kept.run(10)), 10);
});

test("Gunicorns are told apart, and forgotten when they are gone", () => {
  const target = (master_pid, count) => ({ master_pid, labels: { app: "x" }, listeners: [], workers: [worker("w1", count)], failed_keys: [], error_keys: [] });
  const history = new History();
  history.add(snapshot(100, [], { targets: [target(1, 10), target(2, 20)] }));
  history.add(snapshot(102, [], { targets: [target(1, 11), target(2, 24)] }));
  assert.deepEqual([...history.targets.values()].map((one) => one.last.growth.requests), [1, 4]);
  history.add(snapshot(104, [], { targets: [target(2, 24)] }));
  assert.deepEqual([...history.targets.keys()], [keyOf(target(2, 24))]);
});
