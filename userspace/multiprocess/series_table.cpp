// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/series_table.h"

#include <algorithm>

#include "multiprocess/number.h"

namespace multiprocess {
namespace {

// Takes the label out.
std::optional<std::string> take(Labels& labels, std::string_view name) {
    const auto found = std::ranges::find(labels, name, [](const auto& label) { return label.first; });
    if (found == labels.end()) return std::nullopt;
    auto value = std::move(found->second);
    labels.erase(found);
    return value;
}

template <typename Map, typename Key> SeriesTable::Id number_of(Map& map, Key key) {
    return map.try_emplace(std::move(key), static_cast<SeriesTable::Id>(map.size())).first->second;
}

} // namespace

SeriesTable::Id SeriesTable::id_of(Type type, std::string_view text, Id guess) {
    if (guess < keys_.size() && keys_[guess].type == type && keys_[guess].text == text) return guess;
    auto& texts = texts_[static_cast<std::size_t>(type)];
    if (const auto found = texts.find(text); found != texts.end()) return found->second;
    if (is_full()) return kNone;
    const auto id = static_cast<Id>(keys_.size());
    const auto kept = texts.emplace(text, id).first;
    read(keys_.emplace_back(Known{type, kept->first, kNone, SeriesRefusal::key, {}}));
    return id;
}

void SeriesTable::read(Known& known) {
    auto key = parse_key(known.text);
    if (!key) return;
    known.refusal = SeriesRefusal::name;
    if (!is_well_named(*key, known.type)) return;
    known.help = std::move(key->help);
    std::optional<double> bound;
    if (known.type == Type::histogram) {
        if (const auto text = take(key->labels, "le")) {
            bound = parse_bound(*text);
            if (!bound) return;
        }
    }
    if (known.type == Type::gauge) take(key->labels, "pid");
    known.series = series_of(std::move(*key), known.type, bound);
}

SeriesTable::Id SeriesTable::series_of(Key key, Type type, std::optional<double> bound) {
    const auto family = number_of(family_ids_, std::pair(key.metric, type));
    if (family == families_.size()) families_.push_back({key.metric, type});
    const auto id = number_of(series_ids_, std::tuple(family, key.sample, key.labels, bound));
    if (id == series_.size()) {
        const auto group = bound ? number_of(groups_, std::pair(family, key.labels)) : kNone;
        series_.push_back({family, std::move(key.sample), std::move(key.labels), bound, group});
    }
    return id;
}

} // namespace multiprocess
