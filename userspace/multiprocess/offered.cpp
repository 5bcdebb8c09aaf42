// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/offered.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace multiprocess {
namespace {

bool has(const Labels& labels, const std::string& name) {
    return std::ranges::any_of(labels, [&](const auto& label) { return label.first == name; });
}

Labels with_target(const Labels& own, const Labels& target) {
    auto labels = target;
    for (auto [name, value] : own) {
        if (has(target, name)) {
            do name = "exported_" + name;
            while (has(target, name) || has(own, name));
        }
        labels.emplace_back(std::move(name), std::move(value));
    }
    std::ranges::sort(labels);
    return labels;
}

class Admission {
public:
    Admission(const Names& reserved, const Clash& clash) : reserved_(reserved), clash_(clash) {}

    void add(Family& family, const Labels& target, SeriesRefusals& refused) {
        if (const auto reason = refusal_of(family)) {
            refused.add(*reason, family.samples.size());
            clash_(family.name, *reason);
            return;
        }
        auto& admitted =
            families_.try_emplace(family.name, Family{family.name, family.type, family.help, {}}).first->second;
        for (auto& sample : family.samples) {
            if (!target.empty()) sample.labels = with_target(sample.labels, target);
            admitted.samples.push_back(std::move(sample));
        }
    }

    std::vector<Family> take() && {
        std::vector<Family> families;
        for (auto& [name, family] : families_) families.push_back(std::move(family));
        return families;
    }

private:
    // Claims the family's names if nothing is against it.
    std::optional<SeriesRefusal> refusal_of(const Family& family) {
        const auto known = families_.find(family.name);
        if (known != families_.end())
            return known->second.type == family.type ? std::nullopt : std::optional(SeriesRefusal::type_clash);
        const auto names = names_taken(family.name, family.type);
        const auto is_taken = [&](const auto& name) { return reserved_.contains(name) || claimed_.contains(name); };
        if (std::ranges::any_of(names, is_taken)) return SeriesRefusal::name_clash;
        claimed_.insert(names.begin(), names.end());
        return std::nullopt;
    }

    const Names& reserved_;
    const Clash& clash_;
    Names claimed_;
    std::map<std::string, Family> families_;
};

} // namespace

std::vector<std::string> names_taken(const std::string& name, Type type) {
    switch (type) {
    case Type::counter:
        return {name, name + "_total"};
    case Type::gauge:
        return {name};
    case Type::histogram:
        return {name, name + "_bucket", name + "_sum", name + "_count"};
    case Type::summary:
        return {name, name + "_sum", name + "_count"};
    }
    return {};
}

std::vector<Family> admit(std::vector<Offer>& offers, const Names& reserved, const Clash& clash) {
    Admission admission(reserved, clash);
    for (auto& offer : offers)
        for (auto& family : offer.families) admission.add(family, *offer.target, offer.refused);
    return std::move(admission).take();
}

} // namespace multiprocess
