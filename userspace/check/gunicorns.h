// SPDX-License-Identifier: BSD-2-Clause
// Which Gunicorns there are and what is known of each, from /proc alone: no program is loaded for it, no target
// touched.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/findings.h"
#include "model/snapshot.h"
#include "procfs/procfs.h"

namespace check {

// Those of these masters; all when there are none.
std::vector<GunicornFound> find_gunicorns(const procfs::ProcFs& proc, const std::vector<pid_t>& masters,
                                          const std::filesystem::path& log_directory);

// What only observing tells: the workers' ids, and how full their listeners are.
void add_observed(GunicornFound& gunicorn, const model::Snapshot& snapshot);

// Parts that it is made of.

// The directory of a file's package index in which Gunicorn's is, "gunicorn-20.1.0.dist-info" or ".egg-info": its
// version.
std::optional<std::string> version_in_directory_name(std::string_view name);
// The worker class that loaded libraries speak for; empty: none does.
std::string worker_class_of_libraries(std::string_view maps);
// The first file that is mapped and whose name begins so; empty: none.
std::string mapped_library(std::string_view maps, std::string_view name);

} // namespace check
