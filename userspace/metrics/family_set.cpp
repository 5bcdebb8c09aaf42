// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/family_set.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>

namespace metrics {

FamilySet::FamilySet() {
    families_.reserve(catalogue().size());
    for (const auto& metric : catalogue())
        families_.push_back({std::string(metric.text), std::string(metric.help), metric.type, {}});
}

prometheus::ClientMetric& FamilySet::add(Name name, std::vector<std::string> values, const TargetLabels& target) {
    const auto& names = metric(name).labels;
    auto& series = families_[static_cast<std::size_t>(name)].metric.emplace_back();
    series.label.reserve(names.size() + target.size());
    for (std::size_t i = 0; i < names.size(); ++i)
        series.label.push_back({std::string(names[i]), std::move(values.at(i))});
    for (const auto& [label, value] : target)
        if (std::ranges::find(names, label) == names.end()) series.label.push_back({label, value});
    return series;
}

void FamilySet::counter(Name name, std::vector<std::string> values, double value, const TargetLabels& target) {
    add(name, std::move(values), target).counter.value = value;
}

void FamilySet::gauge(Name name, std::vector<std::string> values, double value, const TargetLabels& target) {
    add(name, std::move(values), target).gauge.value = value;
}

namespace {

// The kernel keeps each bucket for itself, Prometheus adds them up; the count is their sum, from the same read.
void fill(prometheus::ClientMetric::Histogram& histogram, std::span<const std::uint64_t> buckets,
          std::span<const double> bounds, double sum) {
    histogram.bucket.reserve(buckets.size());
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        count += buckets[i];
        histogram.bucket.push_back({count, i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()});
    }
    histogram.sample_count = count;
    histogram.sample_sum = sum;
}

} // namespace

void FamilySet::histogram(Name name, std::vector<std::string> values, const event::Histogram& observed,
                          const TargetLabels& target) {
    fill(add(name, std::move(values), target).histogram, observed.buckets, event::kDurationBoundsSeconds,
         std::chrono::duration<double>(observed.sum).count());
}

void FamilySet::histogram(Name name, std::vector<std::string> values, const event::SizeHistogram& observed,
                          const TargetLabels& target) {
    fill(add(name, std::move(values), target).histogram, observed.buckets, event::kSizeBoundsBytes,
         static_cast<double>(observed.sum));
}

void FamilySet::histogram(Name name, std::vector<std::string> values, const event::PauseHistogram& observed,
                          const TargetLabels& target) {
    fill(add(name, std::move(values), target).histogram, observed.buckets, event::kPauseBoundsSeconds,
         std::chrono::duration<double>(observed.sum).count());
}

void FamilySet::histogram(Name name, std::vector<std::string> values, const event::LifetimeHistogram& observed,
                          const TargetLabels& target) {
    fill(add(name, std::move(values), target).histogram, observed.buckets, event::kLifetimeBoundsSeconds,
         std::chrono::duration<double>(observed.sum).count());
}

std::vector<prometheus::MetricFamily> FamilySet::take() && {
    std::ranges::sort(families_, {}, &prometheus::MetricFamily::name);
    return std::move(families_);
}

} // namespace metrics
