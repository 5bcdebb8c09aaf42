// SPDX-License-Identifier: BSD-2-Clause
// A whole scrape: the exporter's metrics and, behind them, the application's own.
#pragma once

#include <string>

#include "metrics/families.h"
#include "metrics/series_writer.h"
#include "model/snapshot.h"

namespace metrics {

std::string page(const model::Snapshot& snapshot, const Build& build, Format format);

} // namespace metrics
