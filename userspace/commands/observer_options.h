// SPDX-License-Identifier: BSD-2-Clause
// Options of every command that observes: whom, under which names, within which limits.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "observer/observer.h"
#include "result.h"

namespace commands {

class ObserverOptions {
public:
    // Keeps references to members: it has to outlive the parsing, where it is.
    void declare(CLI::App& app);
    // After parsing. What a command has options of its own for is left as observer::Options has it.
    Result<observer::Options> finish();

private:
    observer::Options options_;
    std::string folding_ = "on";
    std::vector<std::string> routes_;
    std::string routes_file_;
};

} // namespace commands
