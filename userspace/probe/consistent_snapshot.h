// SPDX-License-Identifier: BSD-2-Clause
// Copies a worker's totals while the kernel adds to them.
#pragma once

#include <functional>
#include <optional>

#include "contract.h"

namespace probe {

// `read` copies the totals as they are and says whether it could. The result is what they were at one moment, with no
// response counted in part: every count only grows, so two equal copies hold for all the time between them, and the
// sums of duration_buckets and responses are equal only while none is being counted (include/contract.h). None when
// `read` fails or that does not happen within about 10 ms.
std::optional<contract::worker_totals> consistent_snapshot(const std::function<bool(contract::worker_totals&)>& read);

} // namespace probe
