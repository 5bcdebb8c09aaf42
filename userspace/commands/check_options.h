// SPDX-License-Identifier: BSD-2-Clause
// What `check` looks at, and how it says what it found.
#pragma once

#include "commands/command.h"
#include "observer/observer.h"

namespace commands {

struct CheckOptions {
    observer::Options observer;
    bool json = false;
};

Run declare_check(CLI::App& app);

} // namespace commands
