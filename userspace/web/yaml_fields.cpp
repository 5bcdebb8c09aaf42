// SPDX-License-Identifier: BSD-2-Clause
#include "web/yaml_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace web::yaml {

std::unexpected<Error> wrong(const YAML::Node& where, std::string_view what) {
    return fail(fmt::format("line {}: {}", where.Mark().line + 1, what));
}

Result<void> read_entries(const YAML::Node& node, std::string_view name,
                          const std::function<Result<void>(const std::string& key, const YAML::Node& value)>& read) {
    if (node.IsNull()) return {};
    if (!node.IsMap()) return wrong(node, fmt::format("{} has to be a map (key: value)", name));
    std::set<std::string> seen;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar()) return wrong(entry.first, fmt::format("a key of {} has to be a word", name));
        const auto& key = entry.first.Scalar();
        if (!seen.insert(key).second) return wrong(entry.first, fmt::format("{} is given twice", key));
        TRY_VOID(read(key, entry.second));
    }
    return {};
}

Result<void> read_map(const YAML::Node& node, std::string_view name, const Fields& fields) {
    if (node.IsMap()) {
        for (const auto& entry : node) {
            if (entry.first.IsScalar() && fields.contains(entry.first.Scalar())) continue;
            std::vector<std::string_view> known;
            for (const auto& [key, read] : fields) known.push_back(key);
            return wrong(entry.first, fmt::format("{} is no key of {}; there are: {}",
                                                  entry.first.IsScalar() ? entry.first.Scalar() : "this", name,
                                                  fmt::join(known, ", ")));
        }
    }
    return read_entries(node, name,
                        [&](const std::string& key, const YAML::Node& value) { return fields.at(key)(value); });
}

Read text(std::string& into, std::string_view name) {
    return [&into, name](const YAML::Node& value) -> Result<void> {
        if (value.IsNull()) return {};
        if (!value.IsScalar()) return wrong(value, fmt::format("{} has to be a text", name));
        into = value.Scalar();
        return {};
    };
}

// YAML 1.1's words, as Prometheus' own programs read them. Quoted ones are texts.
Read flag(bool& into, std::string_view name) {
    return [&into, name](const YAML::Node& value) -> Result<void> {
        if (value.IsNull()) return {};
        const bool quoted = value.Tag() == "!";
        if (!value.IsScalar() || quoted || !YAML::convert<bool>::decode(value, into))
            return wrong(value, fmt::format("{} has to be true or false", name));
        return {};
    };
}

Read texts(std::vector<std::string>& into, std::string_view name) {
    return [&into, name](const YAML::Node& value) -> Result<void> {
        if (value.IsNull()) return {};
        if (!value.IsSequence()) return wrong(value, fmt::format("{} has to be a list", name));
        for (const auto& item : value) {
            if (!item.IsScalar()) return wrong(item, fmt::format("an item of {} has to be a text", name));
            into.push_back(item.Scalar());
        }
        return {};
    };
}

Read one_of(std::string_view name, const std::map<std::string_view, std::function<void()>>& choices) {
    return [name, choices](const YAML::Node& value) -> Result<void> {
        if (value.IsNull()) return {};
        const auto found = value.IsScalar() ? choices.find(value.Scalar()) : choices.end();
        if (found == choices.end()) {
            std::vector<std::string_view> known;
            for (const auto& [word, choose] : choices)
                if (!word.empty()) known.push_back(word);
            return wrong(value, fmt::format("{} {}: has to be one of {}", name,
                                            value.IsScalar() ? value.Scalar() : "is no text", fmt::join(known, ", ")));
        }
        found->second();
        return {};
    };
}

} // namespace web::yaml
