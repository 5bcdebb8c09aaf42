// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/text_writer.h"

#include <ostream>

#include "metrics/series_writer.h"

namespace metrics {

std::string TextWriter::Serialize(const std::vector<prometheus::MetricFamily>& families) const {
    std::string out;
    write_families(out, families, Format::text);
    return out;
}

void TextWriter::Serialize(std::ostream& out, const std::vector<prometheus::MetricFamily>& families) const {
    out << Serialize(families);
}

} // namespace metrics
