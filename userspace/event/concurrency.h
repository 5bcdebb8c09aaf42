// SPDX-License-Identifier: BSD-2-Clause
// What a worker is busy with.
#pragma once

namespace event {

// What serves the connections of a worker, one at a time.
enum class Concurrency {
    requests,  // an event loop serves many at once, or it is not known: only requests in flight are seen
    processes, // sync: the worker itself
    threads,   // gthread: each of its threads
};

} // namespace event
