// SPDX-License-Identifier: BSD-2-Clause
// From a snapshot to what Prometheus calls it. Nothing before this header knows Prometheus.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "model/snapshot.h"

namespace metrics {

// What runs, for gunicorn_bpf_exporter_build_info.
struct Build {
    std::string version; // of the exporter
    std::string libbpf;  // for example "1.1"
    std::string kernel;  // uname -r
};

// Every family of the catalogue, in order of name, also those without series.
std::vector<prometheus::MetricFamily> families(const model::Snapshot& snapshot, const Build& build);

} // namespace metrics
