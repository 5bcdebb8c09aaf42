// SPDX-License-Identifier: BSD-2-Clause
// Asks for a snapshot again and again: not while nobody looks, and less often while nothing answers.

const INTERVAL = 2000;
const SLOWEST = 8000;
const PATIENCE = 6000;

async function fetchJson(url) {
  const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.ok) return answer.json();
  const said = (await answer.text()).slice(0, 200).trim();
  throw new Error(answer.status === 503 && said ? said : `the exporter answered ${answer.status}`);
}

// onSnapshot(snapshot) for each answer; onState("live" | "paused" | "lost", error) when that changes or persists.
export function startPolling(url, onSnapshot, onState) {
  let timer = null;
  let failures = 0;
  let asking = false;

  async function ask() {
    if (document.hidden || asking) return;
    asking = true;
    const began = performance.now();
    try {
      await askOnce();
    } finally {
      asking = false;
      const wait = Math.min(INTERVAL * 2 ** Math.max(0, failures - 2), SLOWEST);
      schedule(Math.max(0, wait - (performance.now() - began)));
    }
  }

  // Only what goes wrong on the way counts as lost: a mistake of this page's own belongs on the console.
  async function askOnce() {
    let snapshot;
    try {
      snapshot = await fetchJson(url);
    } catch (error) {
      failures += 1;
      return onState("lost", error);
    }
    failures = 0;
    onSnapshot(snapshot);
    onState(document.hidden ? "paused" : "live");
  }

  function schedule(wait) {
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) onState("paused");
    else ask();
  });
  addEventListener("online", () => schedule(0));
  ask();
}
