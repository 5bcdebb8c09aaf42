// SPDX-License-Identifier: BSD-2-Clause
// The families of one scrape while series are added to them.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "event/totals.h"
#include "metrics/catalogue.h"

namespace metrics {

using TargetLabels = std::vector<std::pair<std::string, std::string>>;

class FamilySet {
public:
    // Every family of the catalogue, without series.
    FamilySet();

    // `values` in the order of the catalogue's labels, as many as those; `target` is appended to them, except labels
    // that the metric has itself.
    void counter(Name name, std::vector<std::string> values, double value, const TargetLabels& target = {});
    void gauge(Name name, std::vector<std::string> values, double value, const TargetLabels& target = {});
    void histogram(Name name, std::vector<std::string> values, const event::Histogram& observed,
                   const TargetLabels& target = {});
    void histogram(Name name, std::vector<std::string> values, const event::SizeHistogram& observed,
                   const TargetLabels& target = {});
    void histogram(Name name, std::vector<std::string> values, const event::PauseHistogram& observed,
                   const TargetLabels& target = {});
    void histogram(Name name, std::vector<std::string> values, const event::LifetimeHistogram& observed,
                   const TargetLabels& target = {});

    // In order of the families' names.
    std::vector<prometheus::MetricFamily> take() &&;

private:
    prometheus::ClientMetric& add(Name name, std::vector<std::string> values, const TargetLabels& target);

    std::vector<prometheus::MetricFamily> families_; // in order of Name
};

} // namespace metrics
