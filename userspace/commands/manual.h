// SPDX-License-Identifier: BSD-2-Clause
// The options as text: for --help, as a manual page, and as a page of the documentation.
#pragma once

#include <string>
#include <vector>

#include "commands/command.h"

namespace commands {

// What --help prints for one of `commands`, 80 columns wide.
std::string help_text(const std::vector<Command>& commands, const Command& command);

// gunicorn-bpf-exporter(8), for man(1).
std::string manual_page(const std::vector<Command>& commands, const std::string& version);

// The tables of docs/reference/options.md: every option with its default and variable. Options that a command has in
// common with serving are named only.
std::string options_tables(const std::vector<Command>& commands);

// "--pid PID", "--[no-]collector.sizes", "-h, --help".
std::string synopsis_of(const Option& option);

} // namespace commands
