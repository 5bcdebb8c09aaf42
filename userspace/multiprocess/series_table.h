// SPDX-License-Identifier: BSD-2-Clause
// Every key that a target's files have shown, read once: the workers' files repeat the same keys, scrape after scrape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "multiprocess/key.h"
#include "multiprocess/metric.h"

namespace multiprocess {

class SeriesTable {
public:
    using Id = std::uint32_t;
    static constexpr Id kNone = 0xffff'ffff; // a key for which there was no room

    struct Family {
        std::string name;
        Type type;
    };
    // What keys that differ in their help text only, or in how they write a bucket's bound, have in common.
    struct Series {
        Id family;
        std::string name;
        Labels labels;               // of a bucket without "le", of a gauge without "pid": the file's name has that
        std::optional<double> bound; // of a bucket
        Id group = kNone;            // of a bucket: the same for all of one histogram
    };
    struct Known {
        Type type;
        std::string_view text;
        Id series = kNone; // unless it is refused
        SeriesRefusal refusal = SeriesRefusal::key;
        std::string help;
    };

    explicit SeriesTable(std::size_t most_keys) : most_keys_(most_keys) {}

    // The key's id, the same for the same text in files of the same type; kNone when the table is full. `guess` is
    // looked at first.
    Id id_of(Type type, std::string_view text, Id guess);

    const Known& key(Id id) const { return keys_[id]; }
    const Series& series(Id id) const { return series_[id]; }
    const Family& family(Id id) const { return families_[id]; }
    std::size_t keys() const { return keys_.size(); }
    std::size_t series() const { return series_.size(); }
    std::size_t families() const { return families_.size(); }
    std::size_t groups() const { return groups_.size(); }
    bool is_full() const { return keys_.size() >= most_keys_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using Texts = std::unordered_map<std::string, Id, Hash, std::equal_to<>>;

    void read(Known& known);
    Id series_of(Key key, Type type, std::optional<double> bound);

    std::size_t most_keys_;
    Texts texts_[4]; // by type
    std::deque<Known> keys_;
    std::vector<Series> series_;
    std::vector<Family> families_;
    std::map<std::pair<std::string, Type>, Id> family_ids_;
    std::map<std::tuple<Id, std::string, Labels, std::optional<double>>, Id> series_ids_;
    std::map<std::pair<Id, Labels>, Id> groups_;
};

} // namespace multiprocess
