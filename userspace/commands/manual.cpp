// SPDX-License-Identifier: BSD-2-Clause
#include "commands/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace commands {

namespace {

constexpr std::size_t kColumns = 80;

constexpr std::string_view kSources =
    "Each option can also be set by an environment variable and in the file of --config.file. The variable is called "
    "GUNICORN_BPF_EXPORTER_ and the option's name in capitals, with _ for . and -, after the command's name if it is a "
    "command's: GUNICORN_BPF_EXPORTER_WEB_LISTEN_ADDRESS sets --web.listen-address. Several values are separated by "
    "spaces; switches take true or false. An empty variable counts as none.";
constexpr std::string_view kFile =
    "The file is TOML: web.listen-address = \"127.0.0.1:9091\", or listen-address below [web]; a list for what may be "
    "repeated; a command's options below [COMMAND]. The command line counts before the environment, the environment "
    "before the file.";

// Paragraph by paragraph, each line indented.
std::string wrapped(std::string_view text, std::size_t indent) {
    std::string out;
    std::string line;
    std::istringstream words{std::string(text)};
    const auto finish = [&] {
        if (!line.empty()) out += std::string(indent, ' ') + line + "\n";
        line.clear();
    };
    for (std::string word; words >> word;) {
        if (!line.empty() && indent + line.size() + 1 + word.size() > kColumns) finish();
        line += (line.empty() ? "" : " ") + word;
    }
    finish();
    return out;
}

std::string sentences_of(const Option& option) {
    std::string text = option.purpose;
    if (text.empty() || text.back() != '.') text += '.';
    std::vector<std::string> facts;
    if (const auto range = range_of(option); !range.empty()) facts.push_back(range);
    if (const auto preset = default_of(option); !preset.empty()) facts.push_back("default: " + preset);
    if (!facts.empty()) text += fmt::format(" ({})", fmt::join(facts, "; "));
    return text;
}

std::vector<std::string> groups_of(const Command& command) {
    std::vector<std::string> groups;
    for (const auto& option : command.options)
        if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
    // Those without a group, such as --help and --version, come last.
    std::ranges::stable_partition(groups, [](const auto& group) { return !group.empty(); });
    return groups;
}

std::string title_of(const std::string& group) { return group.empty() ? "General" : group; }

std::string usage_of(const Command& command) {
    std::string usage = "gunicorn-bpf-exporter";
    if (!command.name.empty()) usage += " " + command.name;
    return usage + " [OPTION]...";
}

// A hyphen that is typed, and no request of the formatter's at the begin of a line.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

std::string roff_options(const Command& command) {
    std::string out;
    for (const auto& group : groups_of(command)) {
        out += fmt::format(".SS {}\n", roff((command.name.empty() ? "" : command.name + ": ") + title_of(group)));
        for (const auto& option : command.options) {
            if (option.group != group) continue;
            out += fmt::format(".TP\n.B {}\n{}\n", roff(synopsis_of(option)), roff(sentences_of(option)));
            if (option.settable) out += fmt::format(".br\nEnvironment: {}\n", roff(variable_of(command.name, option)));
        }
    }
    return out;
}

// Within a cell of a table.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

// Outside of code, where Markdown would take them for markup.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : cell(text)) {
        if (c == '<' || c == '*' || c == '_' || c == '[') out += '\\';
        out += c;
    }
    return out;
}

std::string code(const std::string& text) { return text.empty() ? "" : fmt::format("`{}`", text); }

// As a reader searches for them: both of a switch that can be turned off.
std::string table_cell_of(const Option& option) {
    if (option.negatable) return fmt::format("`--{}`, `--no-{}`", option.name, option.name);
    return fmt::format("`{}`", cell(synopsis_of(option)));
}

std::string options_table(const Command& serving, const Command& command) {
    std::string rows;
    std::vector<std::string> shared;
    for (const auto& option : command.options) {
        if (!option.settable) continue;
        const bool is_shared = !command.name.empty() && std::ranges::any_of(serving.options, [&](const auto& other) {
            return other.name == option.name && other.purpose == option.purpose;
        });
        if (is_shared) {
            shared.push_back(code("--" + option.name));
            continue;
        }
        rows += fmt::format("| {} | {} | `{}` | {} |\n", table_cell_of(option), code(default_of(option)),
                            variable_of(command.name, option), plain(option.purpose));
    }
    auto out = "| option | default | environment variable | meaning |\n|---|---|---|---|\n" + rows;
    if (!shared.empty()) out += fmt::format("\nAs above: {}.\n", fmt::join(shared, ", "));
    return out;
}

} // namespace

std::string synopsis_of(const Option& option) {
    std::string shown = option.negatable ? "--[no-]" + option.name : "--" + option.name;
    if (option.letter != 0) shown = fmt::format("-{}, {}", option.letter, shown);
    return is_switch(option) ? shown : fmt::format("{} {}", shown, value_of(option));
}

std::string help_text(const std::vector<Command>& commands, const Command& command) {
    const bool whole = command.name.empty() && commands.size() > 1;
    std::string out = "Usage: " + usage_of(command) + "\n";
    if (whole) out += "       gunicorn-bpf-exporter COMMAND [OPTION]...\n";
    out += "\n" + wrapped(command.purpose, 0);
    if (whole) {
        out += "\nCommands (see COMMAND --help):\n";
        for (const auto& each : commands)
            if (!each.name.empty()) out += fmt::format("  {}\n{}", each.name, wrapped(each.purpose, 8));
    }
    for (const auto& group : groups_of(command)) {
        out += fmt::format("\n{}:\n", title_of(group));
        for (const auto& option : command.options)
            if (option.group == group) out += "  " + synopsis_of(option) + "\n" + wrapped(sentences_of(option), 8);
    }
    return out + "\nEnvironment and file:\n" + wrapped(kSources, 2) + "\n" + wrapped(kFile, 2);
}

std::string options_tables(const std::vector<Command>& commands) {
    std::string out;
    for (const auto& command : commands) {
        if (!command.name.empty()) out += fmt::format("\n### {}\n\n", command.name);
        out += options_table(commands.front(), command);
    }
    return out;
}

std::string manual_page(const std::vector<Command>& commands, const std::string& version) {
    const auto& program = commands.front();
    std::string out =
        fmt::format(".TH GUNICORN\\-BPF\\-EXPORTER 8 \"\" \"gunicorn\\-bpf\\-exporter {}\" "
                    "\"System Administration\"\n.SH NAME\ngunicorn\\-bpf\\-exporter \\- observes Gunicorn "
                    "with eBPF and serves Prometheus metrics\n.SH SYNOPSIS\n",
                    roff(version));
    for (const auto& command : commands) out += fmt::format(".B {}\n.br\n", roff(usage_of(command)));
    out += fmt::format(".SH DESCRIPTION\n{}\n", roff(program.purpose));
    out += ".SH OPTIONS\n" + roff_options(program);
    if (commands.size() > 1) out += ".SH COMMANDS\n";
    for (const auto& command : commands)
        if (!command.name.empty())
            out += fmt::format(".SS {}\n{}\n", roff(command.name), roff(command.purpose)) + roff_options(command);
    out += fmt::format(".SH ENVIRONMENT AND FILE\n{}\n.PP\n{}\n", roff(kSources), roff(kFile));
    out +=
        ".SH SIGNALS\nSIGTERM and SIGINT end it, SIGHUP reads the file of \\-\\-web.config.file again.\n"
        ".SH EXIT STATUS\n0 when it was told to end, or when the observed Gunicorns have ended; 1 with a sentence on "
        "standard error when it cannot work.\n"
        ".SH SEE ALSO\n.BR gunicorn (1),\n.BR bpf (2)\n";
    return out;
}

} // namespace commands
