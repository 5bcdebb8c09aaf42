// SPDX-License-Identifier: BSD-2-Clause
// Which names both exposition formats allow.
#pragma once

#include <string_view>

namespace multiprocess {

// [a-zA-Z_:][a-zA-Z0-9_:]*
bool is_metric_name(std::string_view text);
// [a-zA-Z_][a-zA-Z0-9_]*
bool is_label_name(std::string_view text);

} // namespace multiprocess
