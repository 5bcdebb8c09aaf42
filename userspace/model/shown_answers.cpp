// SPDX-License-Identifier: BSD-2-Clause
#include "model/shown_answers.h"

namespace model {
namespace {

template <typename Shown, typename Growth> void grow(Shown& shown, const Growth& growth, std::chrono::nanoseconds now) {
    for (const auto& [key, times] : growth) {
        auto& each = shown[key];
        each.count += times;
        each.grown = now;
    }
}

template <typename Key, typename Shown>
std::map<Key, ShownCount> marked(const std::map<Key, Shown>& shown, std::chrono::nanoseconds then) {
    std::map<Key, ShownCount> counts;
    for (const auto& [key, each] : shown) counts.emplace(key, ShownCount{each.count, each.grown >= then});
    return counts;
}

} // namespace

void ShownAnswers::add(const FailedResponses::Growth& growth, std::chrono::nanoseconds now) {
    grow(failed_, growth.failed, now);
    grow(errors_, growth.errors, now);
}

void ShownAnswers::forget_before(std::chrono::nanoseconds then) {
    const auto is_over = [&](const auto& shown) { return shown.second.grown < then; };
    std::erase_if(failed_, is_over);
    std::erase_if(errors_, is_over);
}

std::map<FailedKey, ShownCount> ShownAnswers::failed(std::chrono::nanoseconds then) const {
    return marked(failed_, then);
}

std::map<ErrorKey, ShownCount> ShownAnswers::errors(std::chrono::nanoseconds then) const {
    return marked(errors_, then);
}

void ShownAnswers::collect_endpoints(std::set<std::string_view>& endpoints) const {
    for (const auto& [key, shown] : failed_) endpoints.insert(key.endpoint);
    for (const auto& [key, shown] : errors_) endpoints.insert(key.endpoint);
}

} // namespace model
