// SPDX-License-Identifier: BSD-2-Clause
// Parts of the catalogue that have a file of their own. Included by the catalogue only.
#pragma once

#include <string_view>
#include <vector>

#include "metrics/catalogue.h"

namespace metrics {

inline constexpr std::string_view kFirst = "0.1.0";

// Failures and exceptions as alerts need them: of classes, and of all workers there were.
std::vector<Metric> about_errors();

// What workers are doing, who waits for them, sizes and routes.
std::vector<Metric> about_saturation();

// How the application's own metrics were read.
std::vector<Metric> about_custom_metrics();
// What the interpreter itself tells.
std::vector<Metric> about_python();
// What the operating system knows of masters and workers.
std::vector<Metric> about_processes();
// … and of the exporter.
std::vector<Metric> about_own_process();

} // namespace metrics
