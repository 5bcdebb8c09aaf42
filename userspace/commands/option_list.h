// SPDX-License-Identifier: BSD-2-Clause
// What a command's options are called and do, read from their declarations: what --help, the manual page, shell
// completion, environment variables and the configuration file are made from.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace commands {

struct OptionText {
    std::string name;                   // without dashes: "web.listen-address"; of a positional argument as shown
    std::vector<std::string> spellings; // as typed: "-h", "--help", "--no-collector.sizes"
    std::string group;
    std::string value;                // what stands for the value: "PATH", "on|off"; empty for a switch
    std::vector<std::string> choices; // the only possible values; empty: others
    std::string purpose;              // sentences without a final period
    std::string range;                // "1 to 100000", or empty
    std::string default_value;        // empty: none
    std::string variable;             // the environment variable; empty: it has none
    bool positional = false;
    bool repeatable = false;
    bool file = false;      // its value is a path
    bool directory = false; // likewise
};

struct CommandText {
    std::string name; // empty: the program without a command
    std::string purpose;
    std::vector<OptionText> options; // in the order of their declaration, without hidden ones
};

// "GUNICORN_BPF_EXPORTER_WEB_LISTEN_ADDRESS", with the command's name before the option's, if it has one.
std::string variable_of(std::string_view command, std::string_view option);

CommandText describe(const CLI::App& app);
// The program itself first, then each of its commands.
std::vector<CommandText> describe_all(const CLI::App& program);

} // namespace commands
