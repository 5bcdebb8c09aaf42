// SPDX-License-Identifier: BSD-2-Clause
// Options that are not on the command line: from environment variables, and from the file of --config.file.
#pragma once

#include <string>
#include <vector>

#include "commands/command.h"
#include "result.h"

namespace commands {

// An option's value, or all values of one that may be repeated.
struct Setting {
    std::string command; // empty: the program's own
    std::string option;  // its name, without dashes
    std::vector<std::string> values;
    std::string source; // for messages: "GUNICORN_BPF_EXPORTER_PID", "exporter.toml, line 3: pid"
};

// `environment` as environ(7) has it: null at its end. Variables that belong to no option are ignored: Kubernetes sets
// some of that prefix for a Service of that name.
Result<std::vector<Setting>> settings_of_environment(const std::vector<Command>& commands,
                                                     const char* const* environment);

// An error names file, line and key.
Result<std::vector<Setting>> settings_of_file(const std::vector<Command>& commands, const std::string& file);

} // namespace commands
