// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>

#include "contract_trace.h"
#include "event/breakdown.h"

namespace event {

// `duration`: of the request, up to which the parts are filled up with "other", should the kernel have missed some.
Breakdown breakdown_of(const contract::breakdown& raw, std::chrono::nanoseconds duration);

} // namespace event
