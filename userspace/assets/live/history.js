// SPDX-License-Identifier: BSD-2-Clause
// The last minutes, made of what counters grew by from one snapshot to the next. Knows no page.

export const KEPT_SECONDS = 300;
// Between snapshots further apart (a tab that was hidden, an exporter that was away) nothing is computed: an average
// over minutes would look like a moment.
export const LONGEST_STEP = 15;
// Latencies are of so many seconds at a time: two seconds of a quiet service are too few requests for a percentile.
export const LATENCY_SECONDS = 10;

// A counter that is smaller than before began again at 0.
const grown = (now, before) => (now >= before ? now - before : now);

export function keyOf(target) {
  return `${target.master_pid} ${JSON.stringify(target.labels)}`;
}

function addBuckets(sum, now, before) {
  now?.forEach((count, index) => (sum[index] += grown(count, before?.[index] ?? 0)));
}

function addPairs(sums, pairs, before, nameOf) {
  for (const [name, count] of namedCounts(pairs, nameOf)) {
    const more = grown(count, before.get(name) ?? 0);
    if (more) sums.set(name, (sums.get(name) ?? 0) + more);
  }
}

function namedCounts(pairs, keys) {
  return new Map((pairs ?? []).map(([index, count]) => [JSON.stringify(keys[index]), count]));
}

// It serves somebody, which may be behind the response: a WebSocket in a thread.
export const isBusy = (worker) => worker.is_busy ?? worker.in_flight > 0;

// What one snapshot says of a target, in sums over its workers.
function stateOf(target) {
  const workers = target.workers.filter((worker) => worker.alive && worker.requests !== undefined);
  const sum = (values) => (values.every((value) => value !== undefined) ? values.reduce((a, b) => a + b, 0) : null);
  return {
    inFlight: sum(workers.map((worker) => worker.in_flight)),
    busyWorkers: sum(workers.map((worker) => (worker.in_flight === undefined ? undefined : Number(isBusy(worker))))),
    workers: workers.length,
    cpu: sum(workers.map((worker) => worker.cpu)),
    waiting: target.listeners.length ? sum(target.listeners.map((listener) => listener.waiting)) : null,
  };
}

function emptyGrowth(buckets) {
  const zeros = () => new Array(buckets).fill(0);
  return {
    requests: 0, classes: { 4: 0, 5: 0 }, durations: zeros(), acceptWaits: zeros(), readWaits: zeros(), aborted: 0, dropped: 0,
    errors: new Map(), failed: new Map(), workerRequests: new Map(), workerBusy: new Map(),
  };
}

function addWorker(growth, worker, before, target, targetBefore) {
  const requests = grown(worker.requests, before?.requests ?? 0);
  growth.requests += requests;
  growth.workerRequests.set(worker.id, requests);
  if (worker.busy !== undefined) growth.workerBusy.set(worker.id, grown(worker.busy, before?.busy ?? 0));
  growth.aborted += grown(worker.aborted, before?.aborted ?? 0);
  addBuckets(growth.durations, worker.durations, before?.durations);
  addBuckets(growth.acceptWaits, worker.accept_waits, before?.accept_waits);
  addBuckets(growth.readWaits, worker.read_waits, before?.read_waits);
  for (const [status, count] of Object.entries(worker.responses)) {
    const kind = status[0];
    if (kind in growth.classes) growth.classes[kind] += grown(count, before?.responses[status] ?? 0);
  }
  addPairs(growth.errors, worker.errors, namedCounts(before?.errors, targetBefore?.error_keys), target.error_keys);
  addPairs(growth.failed, worker.failed, namedCounts(before?.failed, targetBefore?.failed_keys), target.failed_keys);
}

// A worker that was not there before began at 0 since then; of one that has vanished the last is known already.
export function growthOf(target, before, buckets) {
  const growth = emptyGrowth(buckets);
  const old = new Map((before?.workers ?? []).map((worker) => [worker.id, worker]));
  for (const worker of target.workers)
    if (worker.requests !== undefined) addWorker(growth, worker, old.get(worker.id), target, before);
  const listeners = new Map((before?.listeners ?? []).map((listener) => [listener.name, listener]));
  for (const listener of target.listeners)
    if (before) growth.dropped += grown(listener.dropped, listeners.get(listener.name)?.dropped ?? listener.dropped);
  return growth;
}

export class TargetHistory {
  constructor() {
    this.points = []; // {time, seconds, state, growth}; the first one after a gap has no growth
  }

  add(target, before, time, seconds, buckets) {
    const growth = seconds === null ? null : growthOf(target, before, buckets);
    this.points.push({ time, seconds, state: stateOf(target), growth });
    while (this.points[0].time < time - KEPT_SECONDS - LATENCY_SECONDS) this.points.shift();
  }

  get last() {
    return this.points.at(-1);
  }

  // The points that lie within so many seconds before the one at `index`, and after the last gap.
  run(seconds, index = this.points.length - 1) {
    const end = this.points[index]?.time;
    let begin = index;
    while (begin >= 0 && this.points[begin].growth && this.points[begin].time > end - seconds) begin -= 1;
    return this.points.slice(begin + 1, index + 1);
  }

  // How many seconds run() is made of, and the sum of what grew in them: a number, an array of buckets, or a map.
  static seconds(points) {
    return points.reduce((sum, point) => sum + point.seconds, 0);
  }

  static sum(points, of) {
    return points.reduce((sum, point) => sum + of(point.growth), 0);
  }

  static buckets(points, of) {
    return points.length ? points.map((point) => of(point.growth)).reduce((a, b) => a.map((count, index) => count + b[index])) : [];
  }

  static counts(points, of) {
    const sums = new Map();
    for (const point of points) for (const [name, more] of of(point.growth)) sums.set(name, (sums.get(name) ?? 0) + more);
    return sums;
  }
}

// All targets. add() a snapshot, then read `targets`: key -> TargetHistory.
export class History {
  constructor() {
    this.targets = new Map();
    this.previous = null;
  }

  add(snapshot) {
    const elapsed = this.previous ? snapshot.time - this.previous.time : null;
    if (elapsed !== null && elapsed <= 0) {
      if (elapsed > -LONGEST_STEP) return false; // soon over
      this.#beginAnew(); // the clock was set back: what is known lies in the future
    }
    const { previous } = this;
    const comparable = previous?.instance === snapshot.instance && elapsed <= LONGEST_STEP;
    const step = comparable ? elapsed : null;
    const before = new Map((previous?.targets ?? []).map((target) => [keyOf(target), target]));
    for (const target of snapshot.targets) {
      const key = keyOf(target);
      if (!this.targets.has(key)) this.targets.set(key, new TargetHistory());
      this.targets.get(key).add(target, before.get(key), snapshot.time, step, snapshot.bounds.length + 1);
    }
    const present = new Set(snapshot.targets.map(keyOf));
    for (const key of this.targets.keys()) if (!present.has(key)) this.targets.delete(key);
    this.previous = snapshot;
    return true;
  }

  #beginAnew() {
    this.targets.clear();
    this.previous = null;
  }
}
