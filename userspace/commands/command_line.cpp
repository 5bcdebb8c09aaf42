// SPDX-License-Identifier: BSD-2-Clause
#include "commands/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "commands/check_options.h"
#include "commands/completion.h"
#include "commands/healthcheck.h"
#include "commands/manual.h"
#include "commands/option_list.h"
#include "commands/report_options.h"
#include "commands/serve_options.h"
#include "commands/settings.h"
#include "commands/top_options.h"
#include "commands/trace_options.h"

namespace commands {

namespace {

// Besides serving, which is what the program does without a command.
constexpr std::array kCommands{
    Command{"check", "Says whether serving would work here, and what would be measured", declare_check},
    Command{"top", "Shows what every worker does, live in the terminal", declare_top},
    Command{"trace", "Shows where each request spent its time, as it ends", declare_trace},
    Command{"report", "Records for a while, and writes one HTML file to look at", declare_report},
    Command{"healthcheck", "Asks a running exporter whether it is well; exit code 0 says yes", declare_healthcheck},
};

using Arguments = std::vector<std::string>;

// The whole command line, declared. Parsed once at most.
class Program {
public:
    Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Nothing: parsed. Otherwise what is to be printed.
    Result<std::optional<Text>> parse(Arguments arguments);
    // For a look at the command line alone: what it lacks may come from elsewhere.
    void require_nothing();

    Run run() const;
    std::string command() const; // the one that was given, or empty
    bool given(const Setting& setting) const;
    std::optional<Misuse> misplaced() const; // what is serving's beside a command, which would not heed it
    std::vector<CommandText> description() const { return describe_all(app_); }

    std::string config_file;

private:
    CLI::App app_;
    Run serve_;
    std::vector<std::pair<CLI::App*, Run>> commands_;
    std::string completion_;
    bool manual_ = false;
};

Program::Program()
    : app_("Sees into Gunicorn from outside, with eBPF: serves Prometheus metrics of every worker, exact and "
           "without a change to the application.",
           "gunicorn-bpf-exporter") {
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.set_help_flag("-h,--help", "Print this and exit");
    app_.set_version_flag("--version", "gunicorn-bpf-exporter " VERSION, "Print the version and exit");
    app_.add_option("--config.file", config_file, "A file of options, in TOML")->type_name("FILE");
    app_.add_flag("--help-man", manual_, "Print the manual page")->group("");
    app_.add_option("--completion", completion_, "Print the completion for a shell")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->group("");
    serve_ = declare_serve(app_);
    app_.require_subcommand(0, 1);
    for (const auto& command : kCommands) {
        auto* const declared = app_.add_subcommand(std::string(command.name), std::string(command.purpose));
        declared->set_help_flag("-h,--help", "Print this and exit");
        declared->fallthrough(); // --config.file may stand behind it; the rest is refused by misplaced()
        commands_.emplace_back(declared, command.declare(*declared));
    }
}

Result<std::optional<Text>> Program::parse(Arguments arguments) {
    std::ranges::reverse(arguments); // as CLI11 wants them
    try {
        app_.parse(std::move(arguments));
    } catch (const CLI::Success& success) { // --help, --version
        std::ostringstream text;
        app_.exit(success, text, text);
        return Text{text.str()};
    } catch (const CLI::ParseError& error) {
        return fail(fmt::format("{} (see --help)", error.what()));
    }
    if (manual_) return Text{manual_page(description(), VERSION)};
    if (!completion_.empty()) return Text{completion(completion_, description())};
    return std::optional<Text>{};
}

void Program::require_nothing() {
    const auto relax = [](CLI::App& app) {
        for (auto* option : app.get_options()) option->required(false);
    };
    relax(app_);
    for (const auto& [command, run] : commands_) relax(*command);
}

Run Program::run() const {
    for (const auto& [command, run] : commands_)
        if (command->parsed()) return run;
    return serve_;
}

std::string Program::command() const {
    for (const auto& [command, run] : commands_)
        if (command->parsed()) return command->get_name();
    return {};
}

bool Program::given(const Setting& setting) const {
    const auto& app = setting.command.empty() ? app_ : *app_.get_subcommand(setting.command);
    return app.get_option("--" + setting.option)->count() > 0;
}

std::optional<Misuse> Program::misplaced() const {
    const auto name = command();
    if (name.empty()) return std::nullopt;
    for (const auto* option : app_.get_options()) {
        if (option->count() == 0 || option->check_lname("config.file")) continue;
        const auto wanted = option->get_name();
        if (app_.get_subcommand(name)->get_option_no_throw(wanted) != nullptr)
            return Misuse{
                fmt::format("{0} in front of {1} is an option of serving: write it behind {1}", wanted, name)};
        return Misuse{fmt::format("{} is an option of serving, and none of {} (see --help)", wanted, name)};
    }
    return std::nullopt;
}

// Behind what was given, so that a command's come after its name; but before a "--" that ends the options.
Arguments with(Arguments arguments, const Arguments& more) {
    arguments.insert(std::ranges::find(arguments, "--"), more.begin(), more.end());
    return arguments;
}

Arguments without_program_name(int argc, const char* const* argv) {
    return argc > 0 ? Arguments(argv + 1, argv + argc) : Arguments{};
}

Result<std::vector<Setting>> settings_beside(const Program& program, const char* const* environment) {
    const auto description = program.description();
    auto settings = settings_of_environment(description, environment);
    if (!settings) return settings;
    auto file = program.config_file;
    for (const auto& setting : *settings)
        if (setting.option == "config.file" && file.empty()) file = setting.values.front();
    if (file.empty()) return settings;
    auto in_file = settings_of_file(description, file);
    if (!in_file) return in_file;
    std::ranges::move(*in_file, std::back_inserter(*settings));
    return settings;
}

Result<std::variant<Run, Text, Misuse>> refusal(const Program& program, const Error& error) {
    if (program.command().empty()) return std::unexpected(error);
    return Misuse{error.text};
}

} // namespace

Result<std::variant<Run, Text, Misuse>> parse(int argc, const char* const* argv, const char* const* environment) {
    const auto given = without_program_name(argc, argv);
    Program alone;
    alone.require_nothing();
    auto asked = alone.parse(given);
    if (!asked) return refusal(alone, asked.error());
    if (*asked) return **asked;
    if (auto misplaced = alone.misplaced()) return *misplaced;

    const auto settings = settings_beside(alone, environment);
    if (!settings) return std::unexpected(settings.error());
    Arguments all = given;
    std::vector<std::string> taken; // the environment, which comes first, counts before the file
    for (const auto& setting : *settings) {
        if (setting.command != alone.command() || alone.given(setting)) continue;
        if (std::ranges::find(taken, setting.option) != taken.end()) continue;
        taken.push_back(setting.option);
        // By itself, so that what is wrong with it is said of where it comes from.
        Program probe;
        probe.require_nothing();
        if (auto good = probe.parse(with(given, setting.arguments())); !good)
            return fail(fmt::format("{}: {}", setting.source, good.error().text));
        all = with(all, setting.arguments());
    }
    Program program;
    auto parsed = program.parse(all);
    if (!parsed) return refusal(program, parsed.error());
    return program.run();
}

std::vector<CommandText> description() { return Program().description(); }

} // namespace commands
