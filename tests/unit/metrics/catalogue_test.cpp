// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "metrics/catalogue.h"
#include "metrics/exposition.h"

namespace {

TEST(Catalogue, IsInOrderOfName) {
    ASSERT_EQ(metrics::catalogue().size(), static_cast<std::size_t>(metrics::Name::custom_reading_duration) + 1);
    for (std::size_t i = 0; i < metrics::catalogue().size(); ++i)
        EXPECT_EQ(static_cast<std::size_t>(metrics::catalogue()[i].name), i) << metrics::catalogue()[i].text;
}

TEST(Catalogue, NamesAreUniqueAndFollowTheConventions) {
    std::set<std::string_view> names;
    for (const auto& metric : metrics::catalogue()) {
        EXPECT_TRUE(names.insert(metric.text).second) << metric.text;
        EXPECT_TRUE(metrics::is_metric_name(metric.text)) << metric.text;
        // The exporter's own process has the names that all clients of Prometheus give theirs.
        const bool own = metric.scope == metrics::Scope::exporter && metric.text.starts_with("process_");
        EXPECT_TRUE(own || metric.text.starts_with("gunicorn_")) << metric.text;
        const bool counter = metric.type == prometheus::MetricType::Counter;
        EXPECT_EQ(metric.text.ends_with("_total"), counter) << metric.text;
        EXPECT_FALSE(metric.help.empty()) << metric.text;
        EXPECT_FALSE(metric.since.empty()) << metric.text;
        const std::set<std::string_view> labels(metric.labels.begin(), metric.labels.end());
        EXPECT_EQ(labels.size(), metric.labels.size()) << metric.text;
        for (const auto label : metric.labels) {
            EXPECT_TRUE(metrics::is_label_name(label)) << metric.text;
            EXPECT_TRUE((label != "app" || metric.name == metrics::Name::info) && label != "master_pid" &&
                        label != "le")
                << metric.text;
        }
    }
}

} // namespace
