// SPDX-License-Identifier: BSD-2-Clause
// Strict reading of YAML: each key has to be known, each value of the kind that is wanted, and what is wrong is named
// with its line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace web::yaml {

using Read = std::function<Result<void>(const YAML::Node& value)>;
using Fields = std::map<std::string_view, Read>;

// "line 3: …"; the caller puts the file in front.
std::unexpected<Error> wrong(const YAML::Node& where, std::string_view what);

// Null is an empty map. `name` is for the messages.
Result<void> read_map(const YAML::Node& node, std::string_view name, const Fields& fields);
// A map whose keys may be anything, each once.
Result<void> read_entries(const YAML::Node& node, std::string_view name,
                          const std::function<Result<void>(const std::string& key, const YAML::Node& value)>& read);

// Null leaves the value as it is.
Read text(std::string& into, std::string_view name);
Read flag(bool& into, std::string_view name);
Read texts(std::vector<std::string>& into, std::string_view name);
Read one_of(std::string_view name, const std::map<std::string_view, std::function<void()>>& choices);

} // namespace web::yaml
