// SPDX-License-Identifier: BSD-2-Clause
// From the kernel's bytes (contract.h) to values that the rest of user space understands.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "contract.h"
#include "event/event.h"
#include "event/totals.h"

namespace event {

// Nothing for a record that is too short for its kind, or of no known kind.
std::optional<Event> decode(std::span<const std::byte> record);

// `now`: when `totals` were read, or shortly before; 0 leaves out of the busy time the stretch that lasts.
Totals decode(const contract::worker_totals& totals, KernelTime now = {});
Collections decode(const contract::gc_pauses& collections);
// `from_the_beginning`: of the process, was it watched.
Imports decode(const contract::imports& imports, bool from_the_beginning);

} // namespace event
