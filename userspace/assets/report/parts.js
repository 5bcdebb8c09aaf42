// SPDX-License-Identifier: BSD-2-Clause
// What a request's time is made of: the fields of the recording, how they are called here, and their colours.

export const PARTS = [
  { field: "reading_seconds", label: "reading the request", colour: "--part-reading" },
  { field: "on_cpu_seconds", label: "on CPU", colour: "--part-cpu" },
  { field: "gc_seconds", label: "collecting garbage", colour: "--part-gc" },
  { field: "run_queue_seconds", label: "waiting for a CPU", colour: "--part-run-queue" },
  { field: "lock_seconds", label: "waiting for a lock", colour: "--part-lock" },
  { field: "sockets_seconds", label: "waiting for sockets", colour: "--part-sockets" },
  { field: "disk_seconds", label: "waiting for disk", colour: "--part-disk" },
  { field: "sleeping_seconds", label: "sleeping", colour: "--part-sleeping" },
  { field: "writing_seconds", label: "writing the response", colour: "--part-writing" },
  { field: "other_seconds", label: "other", colour: "--part-other" },
];

// Before the request's first byte, so in no duration.
export const BEFORE = [
  { field: "accept_queue_seconds", label: "in the accept queue" },
  { field: "thread_queue_seconds", label: "for a thread" },
];
