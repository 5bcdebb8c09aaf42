// SPDX-License-Identifier: BSD-2-Clause
// What will be measured of a Gunicorn, what will not, and why.
#pragma once

#include <vector>

#include "check/findings.h"

namespace check {

// `programs`: empty when they were not tried.
std::vector<Measure> measures_of(const GunicornFound& gunicorn, const std::vector<event::ProgramCheck>& programs,
                                 bool serving_would_work);

} // namespace check
