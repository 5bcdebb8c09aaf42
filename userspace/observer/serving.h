// SPDX-License-Identifier: BSD-2-Clause
// Which threads of workers serve requests at this moment.
#pragma once

#include <span>
#include <vector>

#include "event/event.h"
#include "gunicorn/process_tree.h"
#include "stacks/recorder.h"

namespace observer {

// The threads of workers in the tree, each once, since the begin of what it has served longest.
std::vector<stacks::Target> threads_of(std::span<const event::InFlight> requests, const gunicorn::ProcessTree& tree);

} // namespace observer
