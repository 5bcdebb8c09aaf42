// SPDX-License-Identifier: BSD-2-Clause
// OpenMetrics 1.0, without _created samples: they would double the series of every counter.
#pragma once

#include <prometheus/serializer.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace metrics {

// Valid for any families and any bytes in them; what could not be valid is left out (series_order.h). A counter family
// whose name lacks _total gets it on its samples.
class OpenMetricsWriter : public prometheus::Serializer {
public:
    std::string Serialize(const std::vector<prometheus::MetricFamily>& families) const override;
    void Serialize(std::ostream& out, const std::vector<prometheus::MetricFamily>& families) const override;
};

} // namespace metrics
