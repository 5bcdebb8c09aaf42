// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "metrics/series_order.h"

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric series(std::vector<ClientMetric::Label> labels, double value = 0) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    return metric;
}

TEST(InOrder, SortsAndJoinsFamilies) {
    const std::vector<MetricFamily> families = {
        {"b", "first", MetricType::Gauge, {series({{"x", "1"}})}},
        {"a", "", MetricType::Gauge, {series({})}},
        {"b", "second", MetricType::Gauge, {series({{"x", "2"}})}},
        {"b", "third", MetricType::Counter, {series({{"x", "3"}})}},
    };
    const auto ordered = metrics::in_order(families);
    ASSERT_EQ(ordered.size(), 2u);
    EXPECT_EQ(ordered[0].head->name, "a");
    EXPECT_EQ(ordered[1].head->help, "first");
    ASSERT_EQ(ordered[1].series.size(), 2u);
    EXPECT_EQ(ordered[1].series[1]->label[0].value, "2");
}

TEST(InOrder, DropsDuplicatesAndKeepsOrder) {
    const std::vector<MetricFamily> families = {{"a",
                                                 "",
                                                 MetricType::Gauge,
                                                 {
                                                     series({{"x", "2"}, {"y", "1"}}, 1),
                                                     series({{"x", "1"}, {"y", "2"}}, 2),
                                                     series({{"y", "1"}, {"x", "2"}}, 3),
                                                     series({{"x", "2"}, {"y", "1"}, {"z", ""}}, 4),
                                                     series({{"x", "1"}, {"y", "2"}}, 5),
                                                     series({}, 6),
                                                     series({{"x", ""}}, 7),
                                                 }}};
    const auto ordered = metrics::in_order(families);
    std::vector<double> values;
    for (const auto* each : ordered.at(0).series) values.push_back(each->gauge.value);
    EXPECT_EQ(values, (std::vector<double>{1, 2, 6}));
}

TEST(InOrder, LeavesOutWhatCannotBeValid) {
    const std::vector<MetricFamily> families = {
        {"9", "", MetricType::Gauge, {series({})}},
        {"", "", MetricType::Gauge, {series({})}},
        {"a\n", "", MetricType::Gauge, {series({})}},
        {"gauge",
         "",
         MetricType::Gauge,
         {series({{"a b", "1"}}), series({{"a", "1"}, {"a", "2"}}), series({{"le", "1"}})}},
        {"histogram", "", MetricType::Histogram, {series({{"le", "1"}}), series({{"a", "1"}})}},
        {"summary", "", MetricType::Summary, {series({{"quantile", "1"}}), series({{"le", "1"}})}},
    };
    const auto ordered = metrics::in_order(families);
    ASSERT_EQ(ordered.size(), 3u);
    for (const auto& family : ordered) EXPECT_EQ(family.series.size(), 1u) << family.head->name;
}

} // namespace
