// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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

// The examples of the metrics documentation, literally and in its order of lines.
TEST(TextPage, WritesTheExamplesOfTheDocumentation) {
    const auto text = metrics::page(documented_snapshot(), kBuild, metrics::Format::text);
    for (const char* example : {
             "# HELP gunicorn_worker_requests_total Total number of requests processed by worker\n"
             "# TYPE gunicorn_worker_requests_total counter\n"
             "gunicorn_worker_requests_total{worker_id=\"worker_1_1234567890\"} 42.0\n",
             "# HELP gunicorn_worker_request_duration_seconds Request duration in seconds\n"
             "# TYPE gunicorn_worker_request_duration_seconds histogram\n",
             "gunicorn_worker_request_duration_seconds_bucket{worker_id=\"worker_1_1234567890\",le=\"0.1\"} 35.0\n",
             "gunicorn_worker_request_duration_seconds_bucket{worker_id=\"worker_1_1234567890\",le=\"0.5\"} 40.0\n",
             "gunicorn_worker_request_duration_seconds_bucket{worker_id=\"worker_1_1234567890\",le=\"1.0\"} 42.0\n",
             "gunicorn_worker_request_duration_seconds_bucket{worker_id=\"worker_1_1234567890\",le=\"+Inf\"} 42.0\n"
             "gunicorn_worker_request_duration_seconds_sum{worker_id=\"worker_1_1234567890\"} 15.234\n"
             "gunicorn_worker_request_duration_seconds_count{worker_id=\"worker_1_1234567890\"} 42.0\n",
             "# HELP gunicorn_worker_memory_bytes Memory usage of worker in bytes\n"
             "# TYPE gunicorn_worker_memory_bytes gauge\n"
             "gunicorn_worker_memory_bytes{worker_id=\"worker_1_1234567890\"} 52428800.0\n",
             "# HELP gunicorn_worker_cpu_percent CPU usage percentage of worker\n"
             "# TYPE gunicorn_worker_cpu_percent gauge\n"
             "gunicorn_worker_cpu_percent{worker_id=\"worker_1_1234567890\"} 2.5\n",
             "# HELP gunicorn_worker_uptime_seconds Worker uptime in seconds\n"
             "# TYPE gunicorn_worker_uptime_seconds gauge\n"
             "gunicorn_worker_uptime_seconds{worker_id=\"worker_1_1234567890\"} 3600.0\n",
             "# HELP gunicorn_worker_failed_requests_total Total number of failed requests\n"
             "# TYPE gunicorn_worker_failed_requests_total counter\n"
             "gunicorn_worker_failed_requests_total{worker_id=\"worker_1_1234567890\",method=\"GET\","
             "endpoint=\"/api/users\",status_code=\"404\"} 5.0\n",
             "# HELP gunicorn_worker_error_handling_total Total number of errors handled\n"
             "# TYPE gunicorn_worker_error_handling_total counter\n"
             "gunicorn_worker_error_handling_total{worker_id=\"worker_1_1234567890\",method=\"POST\","
             "endpoint=\"/api/data\",error_type=\"ValueError\"} 2.0\n",
             "# HELP gunicorn_worker_state Current state of worker\n"
             "# TYPE gunicorn_worker_state gauge\n"
             "gunicorn_worker_state{worker_id=\"worker_1_1234567890\",state=\"running\",timestamp=\"1640995200.123\"} "
             "1.0\n",
             "# HELP gunicorn_master_worker_restarts_total Total number of worker restarts\n"
             "# TYPE gunicorn_master_worker_restarts_total counter\n"
             "gunicorn_master_worker_restarts_total 3.0\n",
         })
        EXPECT_THAT(text, HasSubstr(example));
    std::string bounds;
    for (const char* bound : {"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5",
                              "5.0", "7.5", "10.0", "+Inf"})
        bounds += "gunicorn_worker_request_duration_seconds_bucket{worker_id=\"worker_2_1234567890\",le=\"" +
                  std::string(bound) + "\"} 0.0\n";
    EXPECT_THAT(text, HasSubstr(bounds));
}

TEST(TextPage, EscapesHelpAndLabels) {
    ClientMetric series;
    series.label = {{"path", "a\"b\\c\nd"}, {"bytes", "\xFF"}};
    const std::vector<MetricFamily> families = {{"a", "He said \"x\\y\"\nand left", MetricType::Gauge, {series}}};
    EXPECT_EQ(metrics::page_of(families, nullptr, metrics::Format::text),
              "# HELP a He said \"x\\\\y\"\\nand left\n"
              "# TYPE a gauge\n"
              "a{path=\"a\\\"b\\\\c\\nd\",bytes=\"\xEF\xBF\xBD\"} 0.0\n");
}

TEST(TextPage, WritesEveryType) {
    ClientMetric counter, summary, histogram, untyped;
    counter.counter.value = 3;
    counter.timestamp_ms = 1500;
    summary.label = {{"a", "b"}};
    summary.summary = {2, 5.5, {{0.5, 2}, {0.99, 3.5}}};
    histogram.histogram = {4, 2.5, {{3, 0.5}}};
    untyped.untyped.value = 7;
    const std::vector<MetricFamily> families = {
        {"u", "", MetricType::Untyped, {untyped}},
        {"s", "", MetricType::Summary, {summary}},
        {"h", "", MetricType::Histogram, {histogram}},
        {"c_total", "", MetricType::Counter, {counter}},
    };
    EXPECT_EQ(metrics::page_of(families, nullptr, metrics::Format::text),
              "# HELP c_total \n# TYPE c_total counter\nc_total 3.0 1500\n"
              "# HELP h \n# TYPE h histogram\n"
              "h_bucket{le=\"0.5\"} 3.0\nh_bucket{le=\"+Inf\"} 4.0\n"
              "h_sum 2.5\nh_count 4.0\n"
              "# HELP s \n# TYPE s summary\n"
              "s{a=\"b\",quantile=\"0.5\"} 2.0\ns{a=\"b\",quantile=\"0.99\"} 3.5\n"
              "s_sum{a=\"b\"} 5.5\ns_count{a=\"b\"} 2.0\n"
              "# HELP u \n# TYPE u untyped\nu 7.0\n");
}

TEST(TextPage, OfASnapshotIsThatOfItsFamilies) {
    const auto snapshot = documented_snapshot();
    EXPECT_EQ(metrics::page(snapshot, kBuild, metrics::Format::text),
              metrics::page_of(metrics::families(snapshot, kBuild), nullptr, metrics::Format::text));
    EXPECT_EQ(metrics::page_of({}, nullptr, metrics::Format::text), "");
}

// Not a benchmark: only a quadratic step would take so long, whatever else the machine does.
TEST(TextPage, TwentyThousandSeries) {
    constexpr auto kBound = std::chrono::seconds(10);
    const auto snapshot = large_snapshot(11, 200);
    auto best = std::chrono::nanoseconds::max();
    for (int run = 0; run < 5; ++run) {
        const auto start = std::chrono::steady_clock::now();
        const auto text = metrics::page(snapshot, kBuild, metrics::Format::text);
        best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
        ASSERT_GT(std::ranges::count(text, '\n'), 20'000);
    }
    EXPECT_LT(best, kBound);
    RecordProperty("microseconds", std::to_string(best.count() / 1000));
}

} // namespace
