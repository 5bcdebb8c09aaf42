// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/key.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "multiprocess/names.h"

namespace multiprocess {
namespace {

using Json = nlohmann::json;

bool take_labels(const Json& json, Labels& labels) {
    if (!json.is_object()) return false;
    for (const auto& [name, value] : json.items()) { // in order of name
        if (!value.is_string()) return false;
        labels.emplace_back(name, value.get<std::string>());
    }
    return true;
}

bool has_bound(const Key& key) {
    return std::ranges::any_of(key.labels, [](const auto& label) { return label.first == "le"; });
}

} // namespace

std::optional<Key> parse_key(std::string_view text) {
    const auto json = Json::parse(text, nullptr, false);
    if (!json.is_array() || json.size() < 3 || json.size() > 4) return std::nullopt;
    if (!json[0].is_string() || !json[1].is_string() || (json.size() == 4 && !json[3].is_string())) return std::nullopt;
    Key key{json[0].get<std::string>(), json[1].get<std::string>(), {}, std::string(kNoHelp)};
    if (json.size() == 4) key.help = json[3].get<std::string>();
    if (!take_labels(json[2], key.labels)) return std::nullopt;
    return key;
}

bool is_well_named(const Key& key, Type type) {
    if (!is_metric_name(key.metric)) return false;
    if (!std::ranges::all_of(key.labels, [](const auto& label) { return is_label_name(label.first); })) return false;
    switch (type) {
    case Type::counter:
        return key.sample == key.metric + "_total";
    case Type::gauge:
        return key.sample == key.metric;
    case Type::histogram:
        if (has_bound(key)) return key.sample == key.metric + "_bucket";
        return key.sample == key.metric + "_sum" || key.sample == key.metric + "_count";
    case Type::summary:
        return key.sample == key.metric + "_sum" || key.sample == key.metric + "_count";
    }
    return false;
}

} // namespace multiprocess
