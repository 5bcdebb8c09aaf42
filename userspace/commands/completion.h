// SPDX-License-Identifier: BSD-2-Clause
// Shell completion, written from the options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/option_list.h"

namespace commands {

// `shell`: bash, zsh or fish. Commands as describe_all() gives them.
std::string completion(std::string_view shell, const std::vector<CommandText>& commands);

} // namespace commands
