// SPDX-License-Identifier: BSD-2-Clause
// The findings for a program: one JSON object, described in docs/investigations.md.
#pragma once

#include <string>

#include "check/findings.h"

namespace check {

// With a line's end behind it. Text that is no UTF-8 has U+FFFD in place of what is wrong.
std::string json_of(const Findings& findings);

} // namespace check
