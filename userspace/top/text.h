// SPDX-License-Identifier: BSD-2-Clause
// Numbers in a few columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "terminal/printable.h"
#include "top/distribution.h"

namespace top {

using terminal::cut;
using terminal::left;
using terminal::printable;
using terminal::right;

// At most seven columns each; "-" if absent.
std::string duration_text(std::optional<double> seconds); // "0.4ms" "12ms" "2.5s" "95s" "12m"
std::string bound_text(std::optional<Bound> bound);       // "250ms", ">10s"
std::string bytes_text(std::optional<std::uint64_t> bytes);
std::string age_text(std::optional<double> seconds); // "42s" "5m03s" "3h12m" "4d03h"
std::string number_text(std::optional<double> number, int digits);
std::string count_text(std::optional<std::uint64_t> count);

} // namespace top
