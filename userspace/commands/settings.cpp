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

// What CLI11 takes for a switch's value, and no more than that: it would read 3 as true.
std::optional<std::string> switch_value(const std::string& text) {
    static const std::map<std::string, std::string, std::less<>> kWords{
        {"true", "true"},   {"on", "true"},   {"yes", "true"}, {"1", "true"},
        {"false", "false"}, {"off", "false"}, {"no", "false"}, {"0", "false"}};
    const auto found = kWords.find(text);
    return found == kWords.end() ? std::nullopt : std::optional(found->second);
}

Result<Setting> make_setting(const CommandText& command, const OptionText& option, std::vector<std::string> values,
                             std::string source) {
    if (!option.repeatable && values.size() != 1)
        return fail(fmt::format("{}: has to be one value, not {}", source, values.size()));
    if (option.value.empty()) {
        const auto on = switch_value(values.front());
        if (!on) return fail(fmt::format("{}: has to be true or false, not {}", source, values.front()));
        values.front() = *on;
    }
    return Setting{
        .command = command.name, .option = option.name, .values = std::move(values), .source = std::move(source)};
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

const OptionText* find_option(const CommandText& command, std::string_view name) {
    for (const auto& option : command.options)
        if (option.name == name && !option.variable.empty()) return &option;
    return nullptr;
}

struct Found {
    const CommandText* command;
    const OptionText* option;
};

// "web.listen-address" is the program's, "top.interval" that of a command.
std::optional<Found> find_key(const std::vector<CommandText>& commands, const std::string& key) {
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
    FileReader(const std::vector<CommandText>& commands, const std::string& file) : commands_(commands), file_(file) {}

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
                return fail(fmt::format("{}: has to be a text, a number, true or false, or a list of them", where));
            values.push_back(*value);
        }
        auto setting = make_setting(*found->command, *found->option, std::move(values), where);
        if (!setting) return std::unexpected(setting.error());
        settings.push_back(std::move(*setting));
        return {};
    }

    const std::vector<CommandText>& commands_;
    const std::string& file_;
};

} // namespace

std::vector<std::string> Setting::arguments() const {
    std::vector<std::string> result;
    for (const auto& value : values) result.push_back(fmt::format("--{}={}", option, value));
    return result;
}

Result<std::vector<Setting>> settings_of_environment(const std::vector<CommandText>& commands,
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
            const auto found = variables.find(option.variable);
            if (option.variable.empty() || found == variables.end()) continue;
            auto setting =
                make_setting(command, option, option.repeatable ? words_of(found->second) : std::vector{found->second},
                             option.variable);
            if (!setting) return std::unexpected(setting.error());
            settings.push_back(std::move(*setting));
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

Result<std::vector<Setting>> settings_of_file(const std::vector<CommandText>& commands, const std::string& file) {
    const auto table = parse(file);
    if (!table) return std::unexpected(table.error());
    FileReader reader(commands, file);
    if (auto read = reader.read(*table, ""); !read) return fail("--config.file " + read.error().text);
    return std::move(reader.settings);
}

} // namespace commands
