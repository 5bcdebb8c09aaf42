// SPDX-License-Identifier: BSD-2-Clause
// The findings for a person: aligned, short, marked OK, -- or !!.
#pragma once

#include <string>

#include "check/findings.h"

namespace check {

std::string text_of(const Findings& findings, bool in_colour);

} // namespace check
