// SPDX-License-Identifier: BSD-2-Clause
// The application's own metrics as lines of text, byte for byte as the Python client writes them.
#pragma once

#include <span>
#include <string>

#include "metrics/series_writer.h"
#include "multiprocess/metric.h"
#include "multiprocess/offered.h"

namespace metrics {

void write_custom(std::string& out, std::span<const multiprocess::Family> families, Format format);

// Every name that the exporter's own metrics take: of families and of samples, in either format.
multiprocess::Names reserved_names();

} // namespace metrics
