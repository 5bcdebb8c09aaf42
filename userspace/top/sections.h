// SPDX-License-Identifier: BSD-2-Clause
// The parts of a page, each as lines of whatever width they need. Included only within this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "top/page.h"

namespace top {

// Time, interval, what is shown of what; then a line for each target.
std::vector<Line> title(const Content& content, const View& view);
Line heading_of_workers(const View& view, const std::vector<std::size_t>& shown);
Line line_of(const WorkerRow& row, const std::vector<std::size_t>& shown);
// Headed; empty when there is nothing to say.
std::vector<Line> listeners(const std::vector<const TargetRows*>& targets);
std::vector<Line> routes(const std::vector<const TargetRows*>& targets, bool measured);
std::vector<Line> exceptions(const std::deque<ExceptionSeen>& seen, std::optional<pid_t> target);
std::vector<Line> help();

std::string clock_text(std::chrono::system_clock::time_point time); // local time, "14:03:22"

} // namespace top
