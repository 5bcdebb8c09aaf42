// SPDX-License-Identifier: BSD-2-Clause
// A request's Python stacks, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "stacks/profile.h"
#include "trace/request.h"

namespace trace {

// Whose the stacks are: a thread that serves several requests at once shows what it did for whichever of them.
enum class StackOf { request, thread };
inline StackOf stack_of(const Request& request) { return request.shared ? StackOf::thread : StackOf::request; }

// Lines to stand below the request's own, each with its line end: how often the most frequent stack was seen, and its
// innermost places, the innermost first.
std::string stacks_text(const stacks::Profile& profile, StackOf of);

// {"stack_of": …, "samples": {…}, "stacks": […]}: see docs/investigations.md. The most frequent ones.
nlohmann::ordered_json stacks_json(const stacks::Profile& profile, StackOf of);

// What was sampled and what was not, of a whole run: one line with its end.
std::string sampling_text(const stacks::Profile& profile);

} // namespace trace
