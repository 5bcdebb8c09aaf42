// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/page.h"

#include "metrics/custom_writer.h"

namespace metrics {

std::string page(const model::Snapshot& snapshot, const Build& build, Format format) {
    std::string out;
    write_families(out, families(snapshot, build), format);
    if (snapshot.custom) write_custom(out, snapshot.custom->families, format);
    if (format == Format::openmetrics) out += "# EOF\n";
    return out;
}

} // namespace metrics
