// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/openmetrics_writer.h"

#include <ostream>

#include "metrics/series_writer.h"

namespace metrics {

std::string OpenMetricsWriter::Serialize(const std::vector<prometheus::MetricFamily>& families) const {
    std::string out;
    write_families(out, families, Format::openmetrics);
    out += "# EOF\n";
    return out;
}

void OpenMetricsWriter::Serialize(std::ostream& out, const std::vector<prometheus::MetricFamily>& families) const {
    out << Serialize(families);
}

} // namespace metrics
