// SPDX-License-Identifier: BSD-2-Clause
// docs/reference/metrics.md, written from the catalogue so that it cannot tell another story than the scrape.
#pragma once

#include <string>

namespace metrics {

// The whole page, Markdown, ending with a newline.
std::string reference_page();

} // namespace metrics
