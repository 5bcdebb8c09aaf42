// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/aggregation.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "multiprocess/gauges.h"
#include "multiprocess/number.h"

namespace multiprocess {
namespace {

using Id = SeriesTable::Id;

class Aggregation {
public:
    Aggregation(const SeriesTable& table, SeriesRefusals& refused)
        : table_(table), refused_(refused), counted_(table.keys()), sums_(table.series()), families_(table.families()) {
    }

    void add(const Part& part) {
        for (const auto& reading : part.readings) add(*part.name, reading);
    }

    std::vector<Family> take() && {
        add_sums();
        add_buckets();
        std::vector<Family> families;
        for (auto& [name, id] : by_name_) {
            auto& state = families_[id];
            auto family = std::move(state.family);
            if (family.type == Type::gauge) family.samples = std::move(state.gauges).samples(table_);
            families.push_back(std::move(family));
        }
        return families;
    }

private:
    enum class Admission { unknown, admitted, refused };
    struct FamilyState {
        Admission admission = Admission::unknown;
        Family family;
        Gauges gauges;
    };
    struct Sum {
        bool seen = false;
        double value = 0;
    };

    void add(const FileName& file, const Reading& reading) {
        if (reading.key == SeriesTable::kNone) return refused_.add(SeriesRefusal::too_many_series);
        const auto& known = table_.key(reading.key);
        if (known.series == SeriesTable::kNone) return refuse(reading.key, known.refusal);
        const auto& series = table_.series(known.series);
        auto& state = families_[series.family];
        if (state.admission == Admission::unknown) admit(series.family, known.help);
        if (state.admission == Admission::refused) return refuse(reading.key, SeriesRefusal::type_clash);
        if (state.family.type == Type::gauge) {
            state.gauges.add(file, known.series, reading.value, reading.timestamp);
        } else {
            auto& sum = sums_[known.series];
            sum.seen = true;
            sum.value += reading.value;
        }
    }

    // A name belongs to the type with which it comes first, and has the help text that comes first.
    void admit(Id id, const std::string& help) {
        const auto& family = table_.family(id);
        auto& state = families_[id];
        const bool first = by_name_.try_emplace(family.name, id).second;
        state.admission = first ? Admission::admitted : Admission::refused;
        state.family = {family.name, family.type, help, {}};
    }

    void refuse(Id key, SeriesRefusal reason) {
        if (!counted_[key]) refused_.add(reason);
        counted_[key] = true;
    }

    // What is no bucket. In order of labels, so that what belongs to one series stands together.
    void add_sums() {
        std::vector<Id> order;
        for (Id id = 0; id < sums_.size(); ++id)
            if (sums_[id].seen && !table_.series(id).bound) order.push_back(id);
        std::ranges::sort(order, [&](Id a, Id b) {
            const auto& one = table_.series(a);
            const auto& other = table_.series(b);
            return std::tie(one.labels, one.name) < std::tie(other.labels, other.name);
        });
        for (const auto id : order) {
            const auto& series = table_.series(id);
            families_[series.family].family.samples.push_back({series.name, series.labels, sums_[id].value});
        }
    }

    // Each file has each bucket for itself. The count is what all of them add up to, whatever a file says of it.
    void add_buckets() {
        std::vector<std::vector<Id>> groups(table_.groups());
        for (Id id = 0; id < sums_.size(); ++id)
            if (sums_[id].seen && table_.series(id).bound) groups[table_.series(id).group].push_back(id);
        std::vector<const std::vector<Id>*> order;
        for (auto& group : groups) {
            if (group.empty()) continue;
            std::ranges::sort(group, {}, [&](Id id) { return *table_.series(id).bound; });
            order.push_back(&group);
        }
        std::ranges::sort(order, {},
                          [&](const auto* group) -> const Labels& { return table_.series(group->front()).labels; });
        std::map<Id, std::vector<Sample>> others; // sums, by family
        for (const auto* group : order) {
            const auto family = table_.series(group->front()).family;
            if (!others.contains(family)) others[family] = std::exchange(families_[family].family.samples, {});
        }
        for (const auto* group : order) add_histogram(*group, others[table_.series(group->front()).family]);
        for (auto& [family, samples] : others) // a sum without buckets
            for (auto& sample : samples)
                if (!sample.name.empty()) families_[family].family.samples.push_back(std::move(sample));
    }

    void add_histogram(const std::vector<Id>& buckets, std::vector<Sample>& others) {
        const auto& first = table_.series(buckets.front());
        auto& family = families_[first.family].family;
        double count = 0;
        for (const auto id : buckets) {
            const auto& series = table_.series(id);
            count += sums_[id].value;
            auto labels = series.labels;
            labels.emplace_back("le", client_number(*series.bound));
            std::ranges::sort(labels);
            family.samples.push_back({series.name, std::move(labels), count});
        }
        auto other = std::ranges::lower_bound(others, first.labels, {}, &Sample::labels);
        for (; other != others.end() && other->labels == first.labels; ++other) {
            if (other->name.ends_with("_sum")) family.samples.push_back(*other);
            other->name.clear();
        }
        family.samples.push_back({family.name + "_count", first.labels, count});
    }

    const SeriesTable& table_;
    SeriesRefusals& refused_;
    std::vector<bool> counted_;              // keys that were refused
    std::vector<Sum> sums_;                  // by series
    std::vector<FamilyState> families_;      // by family
    std::map<std::string_view, Id> by_name_; // admitted families
};

} // namespace

std::vector<Family> aggregate(const SeriesTable& table, std::span<const Part> parts, SeriesRefusals& refused) {
    Aggregation aggregation(table, refused);
    for (const auto& part : parts) aggregation.add(part);
    return std::move(aggregation).take();
}

} // namespace multiprocess
