// SPDX-License-Identifier: BSD-2-Clause
// Where an option's value comes from, and what is said of one that is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "commands/command_line.h"
#include "commands/settings.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Directory {
public:
    Directory() {
        std::string pattern = testing::TempDir() + "settings-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& text) const {
        const auto name = path_ / "exporter.toml";
        std::ofstream(name) << text;
        return name;
    }

private:
    std::filesystem::path path_;
};

// The error of a command line, or empty when it is good.
std::string complaint(std::vector<const char*> arguments, std::vector<const char*> environment = {}) {
    arguments.insert(arguments.begin(), "gunicorn-bpf-exporter");
    environment.push_back(nullptr);
    const auto parsed = commands::parse(static_cast<int>(arguments.size()), arguments.data(), environment.data());
    return parsed ? std::string{} : parsed.error().text;
}

std::string complaint_of_file(const std::string& text) {
    const Directory directory;
    const auto file = directory.file(text);
    return complaint({"--config.file", file.c_str()});
}

std::vector<std::string> arguments_of_file(const std::string& text) {
    const Directory directory;
    const auto settings = commands::settings_of_file(commands::all_commands(), directory.file(text));
    if (!settings) return {settings.error().text};
    std::vector<std::string> all;
    for (const auto& setting : *settings)
        for (const auto& value : setting.values) all.push_back("--" + setting.option + "=" + value);
    return all;
}

// What a command cannot be told, or empty.
std::string misuse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "gunicorn-bpf-exporter");
    const auto parsed = commands::parse(static_cast<int>(arguments.size()), arguments.data());
    const auto* const misused = parsed ? std::get_if<commands::Misuse>(&*parsed) : nullptr;
    return misused ? misused->text : std::string{};
}

TEST(CommandLine, WhatIsServingsIsNotPassedOverBesideACommand) {
    EXPECT_EQ(misuse({"--pid", "1", "top"}), "--pid in front of top is an option of serving: write it behind top");
    EXPECT_EQ(misuse({"--retention", "1m", "top"}),
              "--retention is an option of serving, and none of top (see --help)");
    EXPECT_EQ(misuse({"top", "--retention", "1m"}),
              "--retention is an option of serving, and none of top (see --help)");
    EXPECT_EQ(misuse({"top", "--pid", "1"}), "");
    EXPECT_THAT(misuse({"top", "--nonsense"}), HasSubstr("--nonsense"));
}

TEST(CommandLine, TheFileOfOptionsIsNamedBeforeOrBehindACommand) {
    const Directory directory;
    const auto file = directory.file("[top]\ncount = \"x\"\n");
    for (const auto& arguments :
         {std::vector{"--config.file", file.c_str(), "top"}, {"top", "--config.file", file.c_str()}})
        EXPECT_THAT(complaint(arguments), HasSubstr(file + ", line 2: "));
}

TEST(Settings, OfAFileAreTakenDottedOrBelowAHeadline) {
    EXPECT_THAT(arguments_of_file("web.telemetry-path = \"/m#1\" # why\n"), ElementsAre("--web.telemetry-path=/m#1"));
    EXPECT_THAT(arguments_of_file("[web]\nlisten-address = [\":1\", \":2\"]\n"),
                ElementsAre("--web.listen-address=:1", "--web.listen-address=:2"));
    EXPECT_THAT(arguments_of_file("endpoint-limit = 17\n[collector]\nsizes = false\n"),
                ElementsAre("--collector.sizes=false", "--endpoint-limit=17"));
}

TEST(Settings, OfAFileAreRefusedWithFileLineAndKey) {
    EXPECT_THAT(complaint_of_file("\nweb.listen-adress = \":1\"\n"),
                HasSubstr("exporter.toml, line 2: web.listen-adress: there is no such option"));
    EXPECT_THAT(complaint_of_file("endpoint-limit = 0\n"), HasSubstr("exporter.toml, line 1: endpoint-limit: "));
    EXPECT_THAT(complaint_of_file("routes = \"maybe\"\n"),
                HasSubstr("exporter.toml, line 1: routes: has to be true or false, not maybe"));
    EXPECT_THAT(complaint_of_file("log-level = [\"info\", \"warn\"]\n"), HasSubstr("log-level: has to be one value"));
    EXPECT_THAT(complaint_of_file("log-level = \"loud\"\n"), HasSubstr("line 1: log-level: "));
    EXPECT_THAT(complaint_of_file("log-level = info\n"), HasSubstr("exporter.toml, line 1: "));
    EXPECT_THAT(complaint_of_file("config.file = \"other\"\n"), HasSubstr("config.file: there is no such option"));
    EXPECT_THAT(complaint_of_file("help = true\n"), HasSubstr("help: there is no such option"));
    EXPECT_THAT(complaint_of_file("help-man = true\n"), HasSubstr("help-man: there is no such option"));
    EXPECT_EQ(complaint({"--config.file", "/nowhere/exporter.toml"}),
              "--config.file /nowhere/exporter.toml: cannot be read");
    EXPECT_EQ(complaint({"--config.file", "/"}), "--config.file /: cannot be read");
}

TEST(Settings, OfTheEnvironmentAreRefusedWithTheirVariable) {
    EXPECT_THAT(complaint({}, {"GUNICORN_BPF_EXPORTER_ENDPOINT_LIMIT=many"}),
                HasSubstr("GUNICORN_BPF_EXPORTER_ENDPOINT_LIMIT: "));
    EXPECT_THAT(complaint({}, {"GUNICORN_BPF_EXPORTER_ROUTES=2"}), HasSubstr("GUNICORN_BPF_EXPORTER_ROUTES: "));
    EXPECT_EQ(complaint({}, {"GUNICORN_BPF_EXPORTER_ENDPOINT_LIMIT="}), "");
}

TEST(CommandLine, SaysWhatANumberHasToBe) {
    for (const auto* wrong : {"0", "-1", "1.5", "x", "18446744073709551616"})
        EXPECT_EQ(complaint({"--pid", wrong}),
                  std::string("--pid: has to be a whole number above 0, not ") + wrong + " (see --help)");
    EXPECT_EQ(complaint({"--pid", "1", "--pid=4194304"}), "");
}

// Kubernetes sets these in every pod beside a Service of that name.
TEST(Settings, OfOthersInTheEnvironmentAreLeftAlone) {
    EXPECT_EQ(complaint({}, {"GUNICORN_BPF_EXPORTER_PORT=tcp://10.0.0.1:9091",
                             "GUNICORN_BPF_EXPORTER_SERVICE_HOST=10.0.0.1"}),
              "");
    for (const auto& command : commands::all_commands())
        for (const auto& option : command.options) {
            const auto variable = variable_of(command.name, option);
            EXPECT_THAT(variable, Not(testing::StartsWith("GUNICORN_BPF_EXPORTER_PORT")));
            EXPECT_THAT(variable, Not(testing::StartsWith("GUNICORN_BPF_EXPORTER_SERVICE_")));
        }
}

// Each of the three is wrong in a way of its own: the complaint tells which one counted.
TEST(Settings, CountInTheOrderFlagEnvironmentFile) {
    const Directory directory;
    const auto file = directory.file("endpoint-limit = \"of the file\"\n");
    const char* const config = file.c_str();
    const char* const variable = "GUNICORN_BPF_EXPORTER_ENDPOINT_LIMIT=of-the-environment";
    EXPECT_THAT(complaint({"--config.file", config}), HasSubstr("of the file"));
    EXPECT_THAT(complaint({"--config.file", config}, {variable}), HasSubstr("of-the-environment"));
    EXPECT_THAT(complaint({"--config.file", config, "--endpoint-limit", "of-the-flag"}, {variable}),
                HasSubstr("of-the-flag"));
    EXPECT_EQ(complaint({"--config.file", config, "--endpoint-limit", "5"}, {variable}), "");
    EXPECT_EQ(complaint({"--config.file", config}, {"GUNICORN_BPF_EXPORTER_ENDPOINT_LIMIT=5"}), "");
    const auto named = "GUNICORN_BPF_EXPORTER_CONFIG_FILE=" + file;
    EXPECT_THAT(complaint({}, {named.c_str()}), HasSubstr("of the file"));
}

TEST(Settings, OfSeveralValuesAreSeparatedBySpaces) {
    const std::vector<const char*> environment{"GUNICORN_BPF_EXPORTER_WEB_LISTEN_ADDRESS=:1  [::1]:2", nullptr};
    const auto settings = commands::settings_of_environment(commands::all_commands(), environment.data());
    ASSERT_TRUE(settings.has_value());
    ASSERT_EQ(settings->size(), 1U);
    EXPECT_EQ(settings->front().option, "web.listen-address");
    EXPECT_THAT(settings->front().values, ElementsAre(":1", "[::1]:2"));
}

} // namespace
