// SPDX-License-Identifier: BSD-2-Clause
// One snapshot as the live page reads it. Made for the page that is in the same binary: names and shape may change with
// every release, what others should read is /metrics.
#pragma once

#include <string>
#include <string_view>

#include "model/snapshot.h"

namespace live {

struct Exporter {
    std::string version;
    std::string instance; // another one after each start, by which the page knows that all counters began again
};

// Counters as they are: the page computes rates from two of these. Durations in seconds, sizes in bytes; what is not
// known or not measured is absent. Text that is no UTF-8 is repaired.
//
// An object of "version", "instance", "time" (unix seconds), "ready", "measured", "bounds" (of the duration histograms,
// whose last bucket has none and which are not cumulative), "targets" and "self". A target has tables "failed_keys"
// [method, endpoint, status] and "error_keys" [method, endpoint, type]; a worker's "failed" and "errors" are pairs
// [index, count].
std::string to_json(const model::Snapshot& snapshot, const Exporter& exporter);

} // namespace live
