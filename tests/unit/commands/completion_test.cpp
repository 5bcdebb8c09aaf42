// SPDX-License-Identifier: BSD-2-Clause
// Completion in a shell of its own, with a command made up for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "commands/completion.h"
#include "commands/manual.h"

namespace {

using commands::Command;

const std::vector<Command>& sample() {
    static std::vector<pid_t> pids;
    static std::string level;
    static bool on = true;
    static std::chrono::milliseconds interval{};
    using std::chrono_literals::operator""h;
    using std::chrono_literals::operator""ms;
    static const std::vector<Command> commands{
        {"",
         "Does it",
         {{.name = "pid", .group = "A", .purpose = "Whom. Really", .target = &pids},
          {.name = "log-level",
           .group = "A",
           .purpose = "It's [this]: that",
           .target = commands::Choice{&level, {"info", "warn"}}},
          {.name = "collector.x", .group = "A", .purpose = "X", .target = &on, .negatable = true}}},
        {"top", "Watches", {{.name = "interval", .group = "A", .target = commands::Duration(interval, 1ms, 1h)}}},
        {"check", "Checks", {{.name = "json", .group = "A", .target = &on}}}};
    return commands;
}

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string out;
    std::array<char, 4096> piece{};
    while (const auto size = fread(piece.data(), 1, piece.size(), pipe.get())) out.append(piece.data(), size);
    return out;
}

// What bash offers for the last of these words.
std::string offered(const std::string& words) {
    std::string pattern = testing::TempDir() + "completion-XXXXXX";
    const std::filesystem::path directory = mkdtemp(pattern.data());
    const auto script = directory / "script";
    std::ofstream(script) << commands::completion("bash", sample()) << "COMP_WORDS=(gunicorn-bpf-exporter " << words
                          << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_gunicorn_bpf_exporter\n"
                          << "echo \"${COMPREPLY[*]}\"\n";
    auto said = output_of("bash '" + script.string() + "' 2>&1");
    std::filesystem::remove_all(directory);
    return said.substr(0, said.find('\n'));
}

TEST(Completion, OffersOptionsCommandsAndValuesInBash) {
    EXPECT_EQ(offered("--lo"), "--log-level");
    EXPECT_EQ(offered("--no"), "--no-collector.x");
    EXPECT_EQ(offered("to"), "top");
    EXPECT_EQ(offered("--log-level w"), "warn");
    EXPECT_EQ(offered("top --"), "--interval");
    EXPECT_EQ(offered("check --j"), "--json");
    EXPECT_EQ(offered("--pid ''"), "");
    // As bash divides "--log-level=w" and "--log-level=".
    EXPECT_EQ(offered("--log-level = w"), "warn");
    EXPECT_EQ(offered("--log-level ="), "info warn");
}

TEST(Completion, QuotesWhatZshAndFishWouldInterpret) {
    const auto zsh = commands::completion("zsh", sample());
    EXPECT_THAT(zsh, testing::HasSubstr(R"('--log-level=[It'\''s \[this\]\: that]:info|warn:(info warn)')"));
    EXPECT_THAT(zsh, testing::HasSubstr("'*--pid=[Whom]:PID: '"));
    const auto fish = commands::completion("fish", sample());
    EXPECT_THAT(fish, testing::HasSubstr(R"(-n '__fish_seen_subcommand_from top' -l interval)"));
    EXPECT_THAT(fish, testing::HasSubstr("-a 'info warn'"));
    EXPECT_THAT(fish, testing::HasSubstr("-n 'not __fish_seen_subcommand_from top check' -l pid"));
}

// Warnings of groff's would be lines that man(1) does not show as meant.
TEST(ManualPage, HasOnlyRequestsThatManKnows) {
    std::istringstream page(commands::manual_page(sample(), "1.2.3"));
    for (std::string line; std::getline(page, line);)
        if (line.starts_with('.')) {
            EXPECT_THAT(line, testing::ContainsRegex("^\\.(TH|SH|SS|TP|B|BR|br|PP)( |$)"));
        }
}

} // namespace
