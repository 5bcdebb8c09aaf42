// SPDX-License-Identifier: BSD-2-Clause
// The options as text: for --help, and as a manual page.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "commands/option_list.h"

namespace commands {

// For CLI::App::formatter: what --help prints, 80 columns wide.
class HelpFormatter : public CLI::FormatterBase {
public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

// gunicorn-bpf-exporter(8), for man(1).
std::string manual_page(const std::vector<CommandText>& commands, const std::string& version);

// "--pid PID", "--[no-]collector.sizes", "-h, --help".
std::string synopsis_of(const OptionText& option);

} // namespace commands
