// SPDX-License-Identifier: BSD-2-Clause
// The report for a person: aligned, short, marked OK, -- or !!.
#pragma once

#include <string>

#include "check/report.h"

namespace check {

std::string text_of(const Report& report, bool in_colour);

} // namespace check
