// SPDX-License-Identifier: BSD-2-Clause
// A whole scrape: the exporter's metrics and, behind them, the application's own.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "metrics/families.h"
#include "metrics/series_writer.h"
#include "model/snapshot.h"

namespace metrics {

// Valid for any families and any bytes in them; what could not be valid is left out (series_order.h). OpenMetrics comes
// without _created samples, which would double the series of every counter. `custom` may be null.
std::string page_of(const std::vector<prometheus::MetricFamily>& families, const multiprocess::Exposed* custom,
                    Format format);

std::string page(const model::Snapshot& snapshot, const Build& build, Format format);

} // namespace metrics
