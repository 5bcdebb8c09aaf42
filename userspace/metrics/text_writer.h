// SPDX-License-Identifier: BSD-2-Clause
// Prometheus text format 0.0.4, written as the metrics documentation writes it ("42.0", le="1.0").
#pragma once

#include <prometheus/serializer.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace metrics {

// Valid for any families and any bytes in them; what could not be valid is left out (series_order.h).
class TextWriter : public prometheus::Serializer {
public:
    std::string Serialize(const std::vector<prometheus::MetricFamily>& families) const override;
    void Serialize(std::ostream& out, const std::vector<prometheus::MetricFamily>& families) const override;
};

} // namespace metrics
