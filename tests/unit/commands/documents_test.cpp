// SPDX-License-Identifier: BSD-2-Clause
// Every option is everywhere: in --help, in the manual page, in completion, in the manual, in environment and file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "commands/command_line.h"
#include "commands/live_page.h"
#include "commands/manual.h"

namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

std::string printed(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "gunicorn-bpf-exporter");
    const auto parsed = commands::parse(static_cast<int>(arguments.size()), arguments.data());
    if (!parsed) return "error: " + parsed.error().text;
    const auto* text = std::get_if<commands::Text>(&*parsed);
    return text == nullptr ? "nothing" : text->text;
}

std::string help_of(const commands::Command& command) {
    return command.name.empty() ? printed({"--help"}) : printed({command.name.c_str(), "--help"});
}

// The pages that say what options do.
std::string pages_of_the_manual() {
    std::ostringstream text;
    for (const auto* page : {"reference/options", "reference/http", "operations", "investigations", "deployment"})
        text << std::ifstream(fmt::format("{}/docs/{}.md", SOURCE_ROOT, page)).rdbuf();
    return text.str();
}

std::string unescaped(std::string roff) {
    for (std::size_t at = 0; (at = roff.find("\\-", at)) != std::string::npos; ++at) roff.erase(at, 1);
    return roff;
}

template <typename Visit> void for_each_option(Visit visit) {
    const auto all = commands::all_commands();
    ASSERT_GT(all.front().options.size(), 20U);
    for (const auto& command : all)
        for (const auto& option : command.options) visit(command, option);
}

TEST(Documents, NameEveryOptionInHelp) {
    for_each_option([](const auto& command, const auto& option) {
        EXPECT_THAT(help_of(command), HasSubstr("  " + commands::synopsis_of(option) + "\n"));
    });
}

TEST(Documents, NameEveryOptionAndItsVariableInTheManualPage) {
    const auto page = unescaped(printed({"--help-man"}));
    for_each_option([&](const auto& command, const auto& option) {
        EXPECT_THAT(page, HasSubstr(".B " + commands::synopsis_of(option) + "\n"));
        if (const auto variable = variable_of(command.name, option); !variable.empty()) {
            EXPECT_THAT(page, HasSubstr("Environment: " + variable + "\n"));
        }
    });
}

// A command's options are in the section of that command, which names them as they are typed.
TEST(Documents, NameEveryOptionInTheManual) {
    const auto manual = pages_of_the_manual();
    for_each_option([&](const auto&, const auto& option) {
        if (!option.settable) return;
        EXPECT_TRUE(manual.find("--" + option.name) != std::string::npos ||
                    manual.find("--no-" + option.name) != std::string::npos)
            << "the manual does not name --" << option.name;
    });
}

TEST(Documents, NameEveryOptionInEachCompletion) {
    const auto bash = printed({"--completion", "bash"});
    const auto zsh = printed({"--completion", "zsh"});
    const auto fish = printed({"--completion", "fish"});
    for_each_option([&](const auto&, const auto& option) {
        for (const auto& spelling : spellings_of(option)) {
            EXPECT_THAT(bash, HasSubstr(spelling));
            EXPECT_THAT(zsh, AnyOf(HasSubstr(spelling + "["), HasSubstr(spelling + "=["))); // with a value
            EXPECT_THAT(fish, HasSubstr(spelling.substr(spelling.find_first_not_of('-')) + " -d "));
        }
    });
}

TEST(Documents, KeepTheLibrarysTypesOutOfHelp) {
    const auto help = printed({"--help"});
    for (const char* noise : {"UINT", "INT:", "TEXT", "POSITIVE", "{false}", "[OPTIONS]", " in ["})
        EXPECT_THAT(help, Not(HasSubstr(noise)));
    for (const char* good : {"--pid PID\n", "--endpoint-folding on|off\n", "--[no-]collector.sizes\n",
                             "--sampling-interval TIME\n", "(1 to 32766; default: 1024)"})
        EXPECT_THAT(help, HasSubstr(good));
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

// A value that the option takes: its default, or one of the right kind.
std::string value_for(const commands::Option& option) {
    if (is_switch(option)) return "true";
    if (const auto choices = choices_of(option); !choices.empty()) return choices.front();
    if (option.name == "routes-file") return SOURCE_ROOT "/tests/fixtures/routes.txt";
    if (is_file(option)) return SOURCE_ROOT "/LICENSE";
    if (is_directory(option)) return SOURCE_ROOT;
    if (const auto preset = default_of(option); !preset.empty()) return preset;
    const auto value = value_of(option);
    if (value == "STATUS") return "5xx";
    return value == "TIME" ? "5s" : value == "N" || value == "PID" || value == "WORKER" ? "1" : "/a";
}

TEST(Documents, EveryOptionIsSettableByVariableAndFile) {
    std::set<std::string> variables;
    std::string pattern = testing::TempDir() + "documents-XXXXXX";
    const std::filesystem::path directory = mkdtemp(pattern.data());
    for_each_option([&](const auto& command, const auto& option) {
        if (!option.settable || option.name == "config.file") return;
        const auto name = variable_of(command.name, option);
        EXPECT_TRUE(variables.insert(name).second) << name << " means two options";
        const auto value = value_for(option);
        const auto entry = name + "=" + value;
        const auto file = directory / "exporter.toml";
        const auto key = command.name.empty() ? option.name : command.name + "." + option.name;
        std::ofstream(file) << key << " = \"" << value << "\"\n";
        const auto in_file = "GUNICORN_BPF_EXPORTER_CONFIG_FILE=" + file.string();
        for (const auto& variable : {entry, in_file}) {
            const std::array<const char*, 2> arguments{"gunicorn-bpf-exporter", command.name.c_str()};
            const std::array<const char*, 2> environment{variable.c_str(), nullptr};
            const auto parsed = commands::parse(command.name.empty() ? 1 : 2, arguments.data(), environment.data());
            EXPECT_TRUE(parsed.has_value()) << variable << ": " << (parsed ? "" : parsed.error().text);
        }
    });
    std::filesystem::remove_all(directory);
}

// GBE_WRITE_REFERENCE=1 makes this test write the tables instead of comparing them.
TEST(Documents, HaveTheTablesOfOptionsInTheReference) {
    const std::string page = SOURCE_ROOT "/docs/reference/options.md";
    constexpr std::string_view kBegin = "<!-- begin: tables of the declared options -->\n";
    constexpr std::string_view kEnd = "<!-- end -->\n";
    std::ostringstream stream;
    stream << std::ifstream(page).rdbuf();
    auto text = stream.str();
    const auto begin = text.find(kBegin);
    const auto end = text.find(kEnd);
    ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end);
    const auto first = begin + kBegin.size();
    const auto tables = commands::options_tables(commands::all_commands());
    EXPECT_THAT(tables,
                HasSubstr("| `--endpoint-folding on\\|off` | `on` | `GUNICORN_BPF_EXPORTER_ENDPOINT_FOLDING` |"));
    if (std::getenv("GBE_WRITE_REFERENCE") != nullptr)
        std::ofstream(page) << text.replace(first, end - first, tables);
    else
        EXPECT_EQ(text.substr(first, end - first), tables)
            << "docs/reference/options.md is not what the options say. To write it anew:\n"
               "  GBE_WRITE_REFERENCE=1 <build>/tests/unit/commands/commands_test --gtest_filter='Documents.*'";
}

TEST(LivePage, LinksToTheMetricsWhereverTheyAre) {
    for (const auto& document : commands::live_page("/observed/metrics")) {
        const bool is_page = document.path == "/";
        EXPECT_EQ(document.body.find("href=\"./observed/metrics\"") != std::string::npos, is_page) << document.path;
    }
    EXPECT_NO_THROW(static_cast<void>(commands::live_page(""))); // refused later, with a sentence
}

} // namespace
