// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/series_order.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "metrics/exposition.h"

namespace metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string_view reserved_label(MetricType type) {
    if (type == MetricType::Histogram) return "le";
    return type == MetricType::Summary ? "quantile" : "";
}

bool has_valid_labels(const ClientMetric& series, MetricType type) {
    const auto reserved = reserved_label(type);
    for (auto label = series.label.begin(); label != series.label.end(); ++label) {
        if (!is_label_name(label->name) || label->name == reserved) return false;
        if (std::any_of(series.label.begin(), label, [&](const auto& other) { return other.name == label->name; }))
            return false;
    }
    return true;
}

// Equal for equal sets of labels. A reader takes an empty value for an absent label, so those do not tell apart.
std::size_t hash_of(const ClientMetric& series) {
    std::size_t sum = 0;
    for (const auto& label : series.label) {
        if (label.value.empty()) continue;
        const auto name = std::hash<std::string_view>{}(label.name);
        const auto value = std::hash<std::string_view>{}(label.value);
        sum += (name ^ (value << 1 | value >> 63)) * 0x9E3779B97F4A7C15ull;
    }
    return sum;
}

bool have_equal_labels(const ClientMetric& one, const ClientMetric& other) {
    const auto sorted = [](const ClientMetric& series) {
        auto labels = series.label;
        std::erase_if(labels, [](const auto& label) { return label.value.empty(); });
        std::ranges::sort(labels, [](const auto& a, const auto& b) { return a < b; });
        return labels;
    };
    return sorted(one) == sorted(other);
}

// Keeps the first of each set of labels and the order of what stays.
void drop_duplicates(std::vector<const ClientMetric*>& series) {
    std::vector<std::pair<std::size_t, std::size_t>> order; // hash, index
    order.reserve(series.size());
    for (std::size_t i = 0; i < series.size(); ++i) order.emplace_back(hash_of(*series[i]), i);
    std::ranges::sort(order);
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto* first = series[order[i].second];
        for (auto j = i + 1; first != nullptr && j < order.size() && order[j].first == order[i].first; ++j) {
            auto& later = series[order[j].second];
            if (later != nullptr && have_equal_labels(*first, *later)) later = nullptr;
        }
    }
    std::erase(series, nullptr);
}

} // namespace

std::vector<OrderedFamily> in_order(const std::vector<MetricFamily>& families) {
    std::vector<const MetricFamily*> sorted;
    for (const auto& family : families)
        if (is_metric_name(family.name)) sorted.push_back(&family);
    std::ranges::stable_sort(sorted, {}, &MetricFamily::name);

    std::vector<OrderedFamily> ordered;
    for (const auto* family : sorted) {
        if (ordered.empty() || ordered.back().head->name != family->name) ordered.push_back({family, {}});
        auto& [head, series] = ordered.back();
        if (head->type != family->type) continue;
        for (const auto& each : family->metric)
            if (has_valid_labels(each, family->type)) series.push_back(&each);
    }
    for (auto& family : ordered) drop_duplicates(family.series);
    return ordered;
}

} // namespace metrics
