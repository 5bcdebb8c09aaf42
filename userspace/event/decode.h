// SPDX-License-Identifier: BSD-2-Clause
// Decodes the kernel's bytes (contract.h) into the values that the rest of user space understands. Included by the
// probe only, and by tests: behind it nothing knows the contract.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "contract.h"
#include "event/event.h"
#include "event/totals.h"

namespace event {

// nullopt if the record is too short for its kind, or of no known kind.
std::optional<Event> decode(std::span<const std::byte> bytes);

// `now`: when `raw` was read, or shortly before; 0 leaves out of the busy time the stretch that lasts.
Totals decode(const contract::worker_totals& raw, KernelTime now = {});
Collections decode(const contract::gc_pauses& raw);
// `from_the_beginning`: whether the process was observed before it imported anything.
Imports decode(const contract::imports& raw, bool from_the_beginning);

// The label value of events_lost_total{reason}.
std::string name_of(contract::drop_reason reason);
// The label value of connections_resynchronized_total{reason}.
std::string name_of(contract::resync_reason reason);

} // namespace event
