// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "metrics/families.h"
#include "metrics/page.h"
#include "sample_snapshot.h"

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using testing::HasSubstr;
using testing::Not;

TEST(OpenMetricsPage, NamesCounterFamiliesWithoutTotal) {
    const auto text = metrics::page(documented_snapshot(), kBuild, metrics::Format::openmetrics);
    EXPECT_THAT(text, HasSubstr("# HELP gunicorn_worker_requests Total number of requests processed by worker\n"
                                "# TYPE gunicorn_worker_requests counter\n"
                                "gunicorn_worker_requests_total{worker_id=\"worker_1_1234567890\"} 42.0\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE gunicorn_worker_request_duration_seconds histogram\n"));
    EXPECT_THAT(text, Not(HasSubstr("_created")));
    EXPECT_TRUE(text.ends_with("\n# EOF\n"));
    EXPECT_EQ(text.find("# EOF"), text.size() - 6);
}

TEST(OpenMetricsPage, DiffersFromTheTextFormatWhereItHasTo) {
    ClientMetric counter, untyped;
    counter.counter.value = 3;
    counter.timestamp_ms = 1500;
    const std::vector<MetricFamily> families = {
        {"a", "say \"x\"", MetricType::Counter, {counter}},
        {"_total", "", MetricType::Counter, {counter}},
        {"u", "", MetricType::Untyped, {untyped}},
    };
    EXPECT_EQ(metrics::page_of(families, nullptr, metrics::Format::openmetrics),
              "# HELP _total \n# TYPE _total counter\n"
              "_total_total 3.0 1.5\n"
              "# HELP a say \\\"x\\\"\n# TYPE a counter\n"
              "a_total 3.0 1.5\n"
              "# HELP u \n# TYPE u unknown\nu 0.0\n"
              "# EOF\n");
}

TEST(OpenMetricsPage, OfASnapshotIsThatOfItsFamilies) {
    const auto snapshot = documented_snapshot();
    EXPECT_EQ(metrics::page(snapshot, kBuild, metrics::Format::openmetrics),
              metrics::page_of(metrics::families(snapshot, kBuild), nullptr, metrics::Format::openmetrics));
    EXPECT_EQ(metrics::page_of({}, nullptr, metrics::Format::openmetrics), "# EOF\n");
}

} // namespace
