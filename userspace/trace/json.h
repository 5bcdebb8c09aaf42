// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "trace/request.h"

namespace trace {

// One JSON object without line breaks; its fields are documented in docs/investigations.md.
std::string json_of(const Request& request);

} // namespace trace
