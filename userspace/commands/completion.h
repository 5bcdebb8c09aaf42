// SPDX-License-Identifier: BSD-2-Clause
// Shell completion, written from the options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/command.h"

namespace commands {

// `shell`: bash, zsh or fish. Serving comes first among `commands`.
std::string completion(std::string_view shell, const std::vector<Command>& commands);

} // namespace commands
