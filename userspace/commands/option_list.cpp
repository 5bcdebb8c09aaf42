// SPDX-License-Identifier: BSD-2-Clause
#include "commands/option_list.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>

namespace commands {

namespace {

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

// Options that say what to do rather than how, or where the others come from.
bool is_settable(std::string_view name) {
    static const std::set<std::string_view> kNever{"help", "version"};
    return !kNever.contains(name);
}

std::string last_word(const std::string& name) { return name.substr(name.find_last_of(".-") + 1); }

// The library's description is "TYPE:VALIDATOR:…", for example "UINT:INT in [1 - 100000]".
void describe_value(const CLI::Option& option, OptionText& text) {
    const auto described = option.get_type_name();
    const auto type = described.substr(0, described.find(':'));
    const bool duration = described.find("DURATION") != std::string::npos;
    std::smatch match;
    if (std::regex_search(described, match, std::regex(R"(\{([^}]*)\})"))) {
        const std::string list = match[1];
        for (std::size_t at = 0; at <= list.size();) {
            const auto end = std::min(list.find(',', at), list.size());
            text.choices.push_back(list.substr(at, end - at));
            text.value += (text.value.empty() ? "" : "|") + text.choices.back();
            at = end + 1;
        }
    } else if (duration) {
        text.value = "TIME";
    } else if (type == "UINT" || type == "INT") {
        text.value = "N";
    } else if (type == "FLOAT") {
        text.value = "NUMBER";
    } else if (type == "TEXT" || type.empty() || type.find('[') != std::string::npos) {
        text.value = upper(last_word(text.name));
    } else {
        text.value = type;
    }
    if (std::regex_search(described, match, std::regex(R"( in \[(\S+) - (\S+)\])")))
        text.range = match[1].str() + " to " + match[2].str();
    text.file = text.value.ends_with("FILE");
    text.directory = text.value.starts_with("DIR");
}

std::string without_brackets(std::string list) {
    if (list.size() >= 2 && list.front() == '[' && list.back() == ']') return list.substr(1, list.size() - 2);
    return list;
}

OptionText describe(const CLI::Option& option, std::string_view command) {
    OptionText text;
    text.group = option.get_group();
    text.purpose = option.get_description();
    text.positional = option.get_positional();
    for (const auto& name : option.get_snames()) text.spellings.push_back("-" + name);
    for (const auto& name : option.get_lnames()) {
        if (text.name.empty() && !option.check_fname(name)) text.name = name;
        text.spellings.push_back("--" + name);
    }
    if (text.name.empty()) text.name = option.get_single_name();
    const bool flag = option.get_items_expected_max() == 0;
    if (!flag) describe_value(option, text);
    text.repeatable = option.get_items_expected_max() > 1;
    text.default_value = without_brackets(option.get_default_str());
    if (!text.positional && is_settable(text.name)) text.variable = variable_of(command, text.name);
    return text;
}

} // namespace

std::string variable_of(std::string_view command, std::string_view option) {
    std::string name = "GUNICORN_BPF_EXPORTER_";
    if (!command.empty()) name.append(command).append("_");
    name.append(option);
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
    return upper(name);
}

CommandText describe(const CLI::App& app) {
    CommandText text;
    if (app.get_parent() != nullptr) text.name = app.get_name();
    text.purpose = app.get_description();
    for (const auto* option : app.get_options())
        if (!option->get_group().empty()) text.options.push_back(describe(*option, text.name));
    return text;
}

std::vector<CommandText> describe_all(const CLI::App& program) {
    std::vector<CommandText> all{describe(program)};
    for (const auto* command : program.get_subcommands([](const CLI::App*) { return true; }))
        if (!command->get_name().empty() && !command->get_group().empty()) all.push_back(describe(*command));
    return all;
}

} // namespace commands
