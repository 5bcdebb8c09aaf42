// SPDX-License-Identifier: BSD-2-Clause
// The live page as the web server gives it out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/documents.h"

namespace commands {

// The page at "/", whose link to the metrics leads to that path, and what it loads below "/assets/". Nothing when the
// binary was built without it.
std::vector<web::Document> live_page(std::string_view telemetry_path);

// Different for each start of the exporter.
std::string instance_name();

} // namespace commands
