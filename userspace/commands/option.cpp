// SPDX-License-Identifier: BSD-2-Clause
#include "commands/option.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <type_traits>

#include "commands/durations.h"

namespace commands {

namespace {

template <typename Kind> bool holds(const Option& option) { return std::holds_alternative<Kind>(option.target); }

template <typename... Cases> struct Overloaded : Cases... {
    using Cases::operator()...;
};

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string last_word(const std::string& name) { return name.substr(name.find_last_of(".-") + 1); }

std::optional<std::uint64_t> whole_number(const std::string& text) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

Result<std::uint64_t> number_between(const std::string& text, std::uint64_t lowest, std::uint64_t highest) {
    const auto value = whole_number(text);
    if (value && *value >= lowest && *value <= highest) return *value;
    if (lowest == 1 && highest == kAnyNumber) return fail("has to be a whole number above 0, not " + text);
    return fail(fmt::format("has to be a whole number from {} to {}, not {}", lowest, highest, text));
}

Result<void> assign_switch(bool& target, const std::string& value) {
    for (const auto* word : {"true", "on", "yes", "1"})
        if (value == word) return target = true, Result<void>{};
    for (const auto* word : {"false", "off", "no", "0"})
        if (value == word) return target = false, Result<void>{};
    return fail("has to be true or false, not " + value);
}

Result<void> assign_pids(std::vector<pid_t>& target, const std::vector<std::string>& values) {
    target.clear();
    for (const auto& value : values) {
        TRY(const auto number, number_between(value, 1, kAnyNumber));
        if (number > static_cast<std::uint64_t>(std::numeric_limits<pid_t>::max()))
            return fail(fmt::format("has to be the number of a process, not {}", value));
        target.push_back(static_cast<pid_t>(number));
    }
    return {};
}

Result<void> assign_choice(const Choice& choice, const std::string& value) {
    if (std::ranges::find(choice.words, value) == choice.words.end())
        return fail(fmt::format("has to be one of {}, not {}", fmt::join(choice.words, ", "), value));
    *choice.target = value;
    return {};
}

Result<void> parse_each(const Parser& parse, const std::vector<std::string>& values) {
    for (const auto& value : values) TRY_VOID(parse(value));
    return {};
}

} // namespace

bool is_switch(const Option& option) {
    return holds<bool*>(option) || (holds<std::monostate>(option) && option.value.empty());
}

bool is_repeatable(const Option& option) {
    return option.repeatable || holds<std::vector<std::string>*>(option) || holds<std::vector<pid_t>*>(option);
}

bool is_file(const Option& option) { return value_of(option).ends_with("FILE"); }
bool is_directory(const Option& option) { return value_of(option).starts_with("DIR"); }

std::vector<std::string> spellings_of(const Option& option) {
    std::vector<std::string> spellings;
    if (option.letter != 0) spellings.push_back({'-', option.letter});
    spellings.push_back("--" + option.name);
    if (option.negatable) spellings.push_back("--no-" + option.name);
    return spellings;
}

std::string value_of(const Option& option) {
    if (!option.value.empty() || is_switch(option)) return option.value;
    if (holds<std::vector<pid_t>*>(option)) return "PID";
    if (holds<WholeNumber>(option)) return "N";
    if (holds<Duration>(option)) return "TIME";
    if (holds<Choice>(option)) return fmt::format("{}", fmt::join(choices_of(option), "|"));
    return upper(last_word(option.name));
}

std::vector<std::string> choices_of(const Option& option) {
    const auto* const choice = std::get_if<Choice>(&option.target);
    return choice == nullptr ? std::vector<std::string>{} : choice->words;
}

std::string range_of(const Option& option) {
    const auto* const number = std::get_if<WholeNumber>(&option.target);
    if (number == nullptr || number->highest == kAnyNumber) return {};
    return fmt::format("{} to {}", number->lowest, number->highest);
}

std::string default_of(const Option& option) {
    if (!option.preset.empty()) return option.preset;
    return std::visit(Overloaded{
                          [&](bool* on) -> std::string { return option.negatable && *on ? "on" : ""; },
                          [](std::string* text) { return *text; },
                          [](std::vector<std::string>* texts) { return fmt::format("{}", fmt::join(*texts, ",")); },
                          [](const WholeNumber& number) {
                              return number.default_value == 0 ? std::string{} : std::to_string(number.default_value);
                          },
                          [](const Duration& span) {
                              return span.default_value.count() == 0 ? std::string{}
                                                                     : duration_text(span.default_value);
                          },
                          [](const Choice& choice) { return *choice.target; },
                          [](const auto&) { return std::string{}; },
                      },
                      option.target);
}

std::string variable_of(std::string_view command, const Option& option) {
    if (!option.settable) return {};
    std::string name = "GUNICORN_BPF_EXPORTER_";
    if (!command.empty()) name.append(command).append("_");
    name.append(option.name);
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
    return upper(name);
}

Result<void> assign(const Option& option, const std::vector<std::string>& values) {
    const auto& value = values.back();
    return std::visit(Overloaded{
                          [](std::monostate) -> Result<void> { return {}; },
                          [&](bool* on) { return assign_switch(*on, value); },
                          [&](std::string* text) -> Result<void> {
                              *text = value;
                              return {};
                          },
                          [&](std::vector<std::string>* texts) -> Result<void> {
                              *texts = values;
                              return {};
                          },
                          [&](std::vector<pid_t>* pids) { return assign_pids(*pids, values); },
                          [&](const WholeNumber& number) -> Result<void> {
                              TRY(const auto chosen, number_between(value, number.lowest, number.highest));
                              number.set(chosen);
                              return {};
                          },
                          [&](const Duration& span) -> Result<void> {
                              TRY(const auto chosen, parse_duration(value, span.lowest, span.highest));
                              span.set(chosen);
                              return {};
                          },
                          [&](const Choice& choice) { return assign_choice(choice, value); },
                          [&](const Parser& parse) { return parse_each(parse, values); },
                      },
                      option.target);
}

} // namespace commands
