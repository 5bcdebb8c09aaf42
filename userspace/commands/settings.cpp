// SPDX-License-Identifier: BSD-2-Clause
// TOML by toml++; what a key means is looked up among the options.
#include "commands/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace commands {

namespace {

Result<Setting> make_setting(const Command& command, const Option& option, std::vector<std::string> values,
                             std::string source) {
    if (!is_repeatable(option) && values.size() != 1)
        return fail(fmt::format("{}: has to be one value, not {}", source, values.size()));
    return Setting{
        .command = command.name, .option = option.name, .values = std::move(values), .source = std::move(source)};
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

const Option* find_option(const Command& command, std::string_view name) {
    for (const auto& option : command.options)
        if (option.name == name && option.settable) return &option;
    return nullptr;
}

struct Found {
    const Command* command;
    const Option* option;
};

// "web.listen-address" is the program's, "top.interval" that of a command.
std::optional<Found> find_key(const std::vector<Command>& commands, const std::string& key) {
    if (key == "config.file") return std::nullopt; // a file does not name another
    if (const auto* option = find_option(commands.front(), key)) return Found{&commands.front(), option};
    for (const auto& command : commands) {
        if (command.name.empty() || !key.starts_with(command.name + ".")) continue;
        if (const auto* option = find_option(command, key.substr(command.name.size() + 1)))
            return Found{&command, option};
    }
    return std::nullopt;
}

std::optional<std::string> scalar(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
    if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    return std::nullopt;
}

class FileReader {
public:
    FileReader(const std::vector<Command>& commands, const std::string& file) : commands_(commands), file_(file) {}

    Result<void> read(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const auto name = prefix + std::string(key.str());
            const auto* inner = node.as_table();
            auto done = inner != nullptr ? read(*inner, name + ".") : take(name, node, key.source().begin.line);
            if (!done) return done;
        }
        return {};
    }

    std::vector<Setting> settings;

private:
    Result<void> take(const std::string& key, const toml::node& node, std::uint32_t line) {
        const auto where = fmt::format("{}, line {}: {}", file_, line, key);
        const auto found = find_key(commands_, key);
        if (!found) return fail(fmt::format("{}: there is no such option (see --help)", where));
        std::vector<std::string> values;
        const auto* list = node.as_array();
        for (std::size_t i = 0; i < (list != nullptr ? list->size() : 1); ++i) {
            const auto value = scalar(list != nullptr ? (*list)[i] : node);
            if (!value)
                return fail(fmt::format("{}: has to be a string, a number, true or false, or a list of them", where));
            values.push_back(*value);
        }
        TRY(auto setting, make_setting(*found->command, *found->option, std::move(values), where));
        settings.push_back(std::move(setting));
        return {};
    }

    const std::vector<Command>& commands_;
    const std::string& file_;
};

} // namespace

Result<std::vector<Setting>> settings_of_environment(const std::vector<Command>& commands,
                                                     const char* const* environment) {
    std::map<std::string, std::string> variables;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string entry(*environment);
        const auto equals = entry.find('=');
        if (equals != std::string::npos && equals + 1 < entry.size())
            variables[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    std::vector<Setting> settings;
    for (const auto& command : commands) {
        for (const auto& option : command.options) {
            const auto variable = variable_of(command.name, option);
            const auto found = variables.find(variable);
            if (variable.empty() || found == variables.end()) continue;
            auto values = is_repeatable(option) ? words_of(found->second) : std::vector{found->second};
            TRY(auto setting, make_setting(command, option, std::move(values), variable));
            settings.push_back(std::move(setting));
        }
    }
    return settings;
}

namespace {

// Debian's library is built to throw.
Result<toml::table> parse(const std::string& file) try {
    std::ifstream stream(file);
    std::string text;
    // To the end of the file: a directory opens like one, and must not pass for an empty one.
    if (!std::getline(stream, text, '\0').eof()) return fail(fmt::format("--config.file {}: cannot be read", file));
    return toml::parse(text, file);
} catch (const toml::parse_error& error) {
    return fail(fmt::format("--config.file {}, line {}: {}", file, error.source().begin.line, error.description()));
}

} // namespace

Result<std::vector<Setting>> settings_of_file(const std::vector<Command>& commands, const std::string& file) {
    TRY(const auto table, parse(file));
    FileReader reader(commands, file);
    if (auto read = reader.read(table, ""); !read) return fail("--config.file " + read.error().text);
    return std::move(reader.settings);
}

} // namespace commands
