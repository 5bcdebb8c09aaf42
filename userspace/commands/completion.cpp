// SPDX-License-Identifier: BSD-2-Clause
#include "commands/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace commands {

namespace {

// Within single quotes of a shell.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string first_sentence(std::string_view purpose) {
    return std::string(purpose.substr(0, std::min(purpose.find(". "), purpose.size())));
}

std::string bash(const std::vector<Command>& commands) {
    std::string out =
        "# bash completion of gunicorn-bpf-exporter\n_gunicorn_bpf_exporter() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command='' word\n"
        "    COMPREPLY=()\n"
        // Of "--option=value" bash makes three words.
        "    if [[ $current == '=' ]]; then current=''\n"
        "    elif [[ $previous == '=' ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n";
    std::vector<std::string> names;
    for (const auto& command : commands)
        if (!command.name.empty()) names.push_back(command.name);
    if (!names.empty())
        out += fmt::format("    for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n        case $word in {}) "
                           "command=$word ;; esac\n    done\n",
                           fmt::join(names, "|"));
    out += "    case $command:$previous in\n";
    for (const auto& command : commands) {
        for (const auto& option : command.options) {
            if (is_switch(option)) continue;
            std::vector<std::string> patterns;
            for (const auto& spelling : spellings_of(option)) patterns.push_back(command.name + ":" + spelling);
            const auto what = !choices_of(option).empty() ? fmt::format("-W '{}'", fmt::join(choices_of(option), " "))
                              : is_file(option)           ? std::string("-f")
                              : is_directory(option)      ? std::string("-d")
                                                          : std::string("-W ''");
            // Without that, readline would end a directory's name with a space, and not quote anything.
            const auto* const as_names =
                is_file(option) || is_directory(option) ? "compopt -o filenames 2>/dev/null; " : "";
            out += fmt::format("    {}) {}mapfile -t COMPREPLY < <(compgen {} -- \"$current\"); return ;;\n",
                               fmt::join(patterns, "|"), as_names, what);
        }
    }
    out += "    esac\n    case $command in\n";
    for (const auto& command : commands) {
        std::vector<std::string> words;
        for (const auto& option : command.options) std::ranges::copy(spellings_of(option), std::back_inserter(words));
        if (command.name.empty()) words.insert(words.end(), names.begin(), names.end());
        out += fmt::format("    {}) mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$current\") ;;\n",
                           command.name.empty() ? "''" : command.name, fmt::join(words, " "));
    }
    return out + "    esac\n}\ncomplete -F _gunicorn_bpf_exporter gunicorn-bpf-exporter\n";
}

std::string zsh_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh(const std::vector<Command>& commands) {
    std::string out = "#compdef gunicorn-bpf-exporter\n# zsh completion of gunicorn-bpf-exporter\nlocal -a options\n"
                      "local command=''\n";
    std::vector<std::string> names;
    for (const auto& command : commands)
        if (!command.name.empty()) names.push_back(command.name);
    if (!names.empty()) out += fmt::format("command=${{words[(r)({})]}}\n", fmt::join(names, "|"));
    out += "case $command in\n";
    std::vector<std::string> branches;
    for (const auto& command : commands) {
        std::string branch = command.name.empty() ? "*)\n    options=(\n" : command.name + ")\n    options=(\n";
        for (const auto& option : command.options) {
            for (const auto& spelling : spellings_of(option)) {
                const bool with_equals = !is_switch(option) && spelling.starts_with("--");
                std::string spec = fmt::format("{}{}{}[{}]", is_repeatable(option) ? "*" : "", spelling,
                                               with_equals ? "=" : "", zsh_text(first_sentence(option.purpose)));
                if (!is_switch(option))
                    spec += fmt::format(":{}:{}", zsh_text(value_of(option)),
                                        !choices_of(option).empty()
                                            ? fmt::format("({})", fmt::join(choices_of(option), " "))
                                        : is_file(option)      ? std::string("_files")
                                        : is_directory(option) ? std::string("_files -/")
                                                               : std::string(" "));
                branch += "        " + shell_quoted(spec) + "\n";
            }
        }
        if (command.name.empty() && !names.empty())
            branch += "        " + shell_quoted(fmt::format("1:command:({})", fmt::join(names, " "))) + "\n";
        branches.push_back(branch + "    )\n    ;;\n");
    }
    std::ranges::rotate(branches, branches.begin() + 1); // what fits always comes last
    return out + fmt::format("{}", fmt::join(branches, "")) + "esac\n_arguments $options '*: :_default'\n";
}

std::string fish(const std::vector<Command>& commands) {
    std::string out = "# fish completion of gunicorn-bpf-exporter\n";
    std::vector<std::string> names;
    for (const auto& command : commands)
        if (!command.name.empty()) names.push_back(command.name);
    // Not __fish_use_subcommand, which takes the value of an option for a command.
    const auto without_command = fmt::format("not __fish_seen_subcommand_from {}", fmt::join(names, " "));
    for (const auto& command : commands) {
        const auto when =
            command.name.empty() ? without_command : fmt::format("__fish_seen_subcommand_from {}", command.name);
        if (!command.name.empty())
            out += fmt::format("complete -c gunicorn-bpf-exporter -f -n '{}' -a {} -d {}\n", without_command,
                               command.name, shell_quoted(first_sentence(command.purpose)));
        for (const auto& option : command.options) {
            for (const auto& spelling : spellings_of(option)) {
                const bool is_long = spelling.starts_with("--");
                out += fmt::format("complete -c gunicorn-bpf-exporter -n '{}' {} {} -d {}", when, is_long ? "-l" : "-s",
                                   spelling.substr(is_long ? 2 : 1), shell_quoted(first_sentence(option.purpose)));
                if (!choices_of(option).empty())
                    out += fmt::format(" -x -a '{}'", fmt::join(choices_of(option), " "));
                else if (!is_switch(option))
                    out += is_file(option) || is_directory(option) ? " -r" : " -x";
                out += '\n';
            }
        }
    }
    return out;
}

} // namespace

std::string completion(std::string_view shell, const std::vector<Command>& commands) {
    if (shell == "zsh") return zsh(commands);
    if (shell == "fish") return fish(commands);
    return bash(commands);
}

} // namespace commands
