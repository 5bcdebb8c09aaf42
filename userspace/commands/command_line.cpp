// SPDX-License-Identifier: BSD-2-Clause
// The only user of CLI11, which divides the command line into options and their values. What these mean is in the
// declarations of the options.
#include "commands/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "commands/completion.h"
#include "commands/manual.h"
#include "commands/settings.h"

namespace commands {

namespace {

// As CLI11 wants the names: "-o,--output", "--routes,!--no-routes".
std::string names_of(const Option& option) {
    std::vector<std::string> names;
    for (const auto& spelling : spellings_of(option))
        names.push_back((spelling == "--no-" + option.name ? "!" : "") + spelling);
    return fmt::format("{}", fmt::join(names, ","));
}

bool is_general(const Option& option) { return option.name == "help" || option.name == "version"; }

void declare(CLI::App& app, const Command& command) {
    for (const auto& option : command.options) {
        if (is_general(option)) continue;
        if (is_switch(option)) {
            app.add_flag(names_of(option));
            continue;
        }
        auto* const declared = app.add_option(names_of(option));
        if (is_repeatable(option)) declared->expected(CLI::detail::expected_max_vector_size);
    }
}

// The command line, divided. What was given beside a command counts for the program itself, unless the command has an
// option of that name.
class CommandLine {
public:
    explicit CommandLine(const std::vector<Command>& commands);

    // Nothing: parsed. Otherwise what is to be printed.
    Result<std::optional<Text>> parse(int argc, const char* const* argv);

    const Command& command() const { return *command_; }
    // Of the command; empty: not given.
    std::vector<std::string> values_of(const Option& option) const;
    // Options of serving beside a command, which would not heed them.
    std::optional<Misuse> misplaced() const;
    std::string config_file() const;

private:
    const CLI::App& app_of(const Command& command) const {
        return command.name.empty() ? app_ : *app_.get_subcommand(command.name);
    }

    const std::vector<Command>& commands_;
    const Command* command_;
    CLI::App app_;
    bool manual_ = false;
    std::string shell_;
};

CommandLine::CommandLine(const std::vector<Command>& commands)
    : commands_(commands), command_(&commands.front()), app_("", "gunicorn-bpf-exporter") {
    app_.set_help_flag("-h,--help");
    app_.set_version_flag("--version", VERSION);
    app_.add_flag("--help-man", manual_);
    app_.add_option("--completion", shell_)->check(CLI::IsMember({"bash", "zsh", "fish"}));
    app_.require_subcommand(0, 1);
    for (const auto& command : commands) {
        if (command.name.empty()) {
            declare(app_, command);
            continue;
        }
        auto* const declared = app_.add_subcommand(command.name);
        declared->set_help_flag("-h,--help");
        declared->fallthrough(); // --config.file may stand behind it; the rest is refused by misplaced()
        declare(*declared, command);
    }
}

Result<std::optional<Text>> CommandLine::parse(int argc, const char* const* argv) {
    std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    std::ranges::reverse(arguments); // as CLI11 wants them
    const auto find_command = [this] {
        for (const auto& command : commands_)
            if (!command.name.empty() && app_of(command).parsed()) command_ = &command;
    };
    try {
        app_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        find_command();
        return Text{help_text(commands_, *command_)};
    } catch (const CLI::CallForVersion&) {
        return Text{"gunicorn-bpf-exporter " VERSION "\n"};
    } catch (const CLI::ParseError& error) {
        find_command();
        return fail(fmt::format("{} (see --help)", error.what()));
    }
    find_command();
    if (manual_) return Text{manual_page(commands_, VERSION)};
    if (!shell_.empty()) return Text{completion(shell_, commands_)};
    return std::optional<Text>{};
}

std::vector<std::string> CommandLine::values_of(const Option& option) const {
    if (is_general(option)) return {};
    return app_of(*command_).get_option("--" + option.name)->results();
}

std::string CommandLine::config_file() const {
    const auto& given = app_.get_option("--config.file")->results();
    return given.empty() ? "" : given.back();
}

std::optional<Misuse> CommandLine::misplaced() const {
    const auto& name = command_->name;
    if (name.empty()) return std::nullopt;
    for (const auto& option : commands_.front().options) {
        if (is_general(option) || option.name == "config.file") continue;
        if (app_.get_option("--" + option.name)->count() == 0) continue;
        if (std::ranges::find(command_->options, option.name, &Option::name) != command_->options.end())
            return Misuse{
                fmt::format("--{0} in front of {1} is an option of serving: write it behind {1}", option.name, name)};
        return Misuse{fmt::format("--{} is an option of serving, and none of {} (see --help)", option.name, name)};
    }
    return std::nullopt;
}

Result<std::vector<Setting>> settings_beside(const CommandLine& line, const std::vector<Command>& commands,
                                             const char* const* environment) {
    TRY(auto settings, settings_of_environment(commands, environment));
    auto file = line.config_file();
    for (const auto& setting : settings)
        if (setting.option == "config.file" && file.empty()) file = setting.values.front();
    if (file.empty()) return settings;
    TRY(auto in_file, settings_of_file(commands, file));
    std::ranges::move(in_file, std::back_inserter(settings));
    return settings;
}

Result<void> assign_from(const std::string& source, const Option& option, const std::vector<std::string>& values) {
    auto assigned = assign(option, values);
    if (!assigned) return fail(fmt::format("{}: {} (see --help)", source, assigned.error().text));
    return {};
}

Result<void> assign_given(const CommandLine& line) {
    for (const auto& option : line.command().options) {
        const auto values = line.values_of(option);
        if (!values.empty()) TRY_VOID(assign_from("--" + option.name, option, values));
    }
    return {};
}

// The environment, which comes first, counts before the file.
Result<void> assign_settings(const CommandLine& line, const std::vector<Setting>& settings) {
    std::set<std::string> taken;
    for (const auto& setting : settings) {
        if (setting.command != line.command().name) continue;
        const auto option = std::ranges::find(line.command().options, setting.option, &Option::name);
        if (!line.values_of(*option).empty() || !taken.insert(setting.option).second) continue;
        TRY_VOID(assign_from(setting.source, *option, setting.values));
    }
    return {};
}

void add_general_options(Command& command) {
    std::vector<Option> general{{.name = "help", .purpose = "Print this and exit", .letter = 'h', .settable = false}};
    if (command.name.empty()) {
        general.push_back({.name = "version", .purpose = "Print the version and exit", .settable = false});
        general.push_back({.name = "config.file", .purpose = "A file of options, in TOML", .value = "FILE"});
    }
    command.options.insert(command.options.begin(), general.begin(), general.end());
}

} // namespace

std::vector<Command> all_commands() {
    std::vector<Command> commands{serve_command(), check_command(),  top_command(),
                                  trace_command(), report_command(), healthcheck_command()};
    for (auto& command : commands) add_general_options(command);
    return commands;
}

Result<std::variant<Run, Text, Misuse>> parse(int argc, const char* const* argv, const char* const* environment) {
    const auto commands = all_commands();
    CommandLine line(commands);
    const auto refusal = [&line](Error error) -> Result<std::variant<Run, Text, Misuse>> {
        if (line.command().name.empty()) return std::unexpected(std::move(error));
        return Misuse{std::move(error.text)};
    };
    auto text = line.parse(argc, argv);
    if (!text) return refusal(text.error());
    if (*text) return std::move(**text);
    if (auto misplaced = line.misplaced()) return std::move(*misplaced);
    if (auto assigned = assign_given(line); !assigned) return refusal(assigned.error());
    TRY(const auto settings, settings_beside(line, commands, environment));
    TRY_VOID(assign_settings(line, settings));
    return line.command().run;
}

int print_misuse(const Error& error) {
    fmt::print(stderr, "gunicorn-bpf-exporter: {}\n", error.text);
    return 2;
}

} // namespace commands
