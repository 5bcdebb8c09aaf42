// SPDX-License-Identifier: BSD-2-Clause
// What may be written, and in which order: a reader refuses a scrape in which a family appears twice.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace metrics {

struct OrderedFamily {
    const prometheus::MetricFamily* head; // name, help and type
    std::vector<const prometheus::ClientMetric*> series;
};

// The families in order of name, those of equal name and type as one. Left out: families whose name is no metric name
// or belongs to an earlier family of another type; series with a label that is no label name, that appears twice or
// that the type reserves ("le", "quantile"); series with the same labels as an earlier one, in whatever order. The
// result points into `families`.
std::vector<OrderedFamily> in_order(const std::vector<prometheus::MetricFamily>& families);

} // namespace metrics
