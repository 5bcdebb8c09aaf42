// SPDX-License-Identifier: BSD-2-Clause
// The key of a value: JSON, ["metric", "sample", {"label": "value"}, "help"]; old clients (0.9) leave the help out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "multiprocess/metric.h"

namespace multiprocess {

struct Key {
    std::string metric; // a counter's without _total
    std::string sample;
    Labels labels;
    std::string help;
};

// What the client says of a metric whose files do not tell.
inline constexpr std::string_view kNoHelp = "Multiprocess metric";

std::optional<Key> parse_key(std::string_view json);

// Whether samples of that name are what a metric of that name and type has, and all names are allowed ones.
bool is_well_named(const Key& key, Type type);

} // namespace multiprocess
