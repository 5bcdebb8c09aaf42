// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/page.h"

#include "metrics/custom_writer.h"

namespace metrics {

std::string page_of(const std::vector<prometheus::MetricFamily>& families, const multiprocess::Exposed* custom,
                    Format format) {
    std::string out;
    write_families(out, families, format);
    if (custom != nullptr) write_custom(out, custom->families, format);
    if (format == Format::openmetrics) out += "# EOF\n";
    return out;
}

std::string page(const model::Snapshot& snapshot, const Build& build, Format format) {
    return page_of(families(snapshot, build), snapshot.custom ? &*snapshot.custom : nullptr, format);
}

} // namespace metrics
