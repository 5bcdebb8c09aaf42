// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>

#include "metrics/custom_writer.h"
#include "metrics/page.h"
#include "sample_snapshot.h"

namespace {

using multiprocess::Family;
using multiprocess::Type;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const std::vector<Family> kFamilies{
    {"app_orders",
     Type::counter,
     "Say \"orders\"\nand \\",
     {{"app_orders_total", {{"status", "a\"b\\c\nd"}}, 2000000}}},
    {"app_value", Type::histogram, "h", {{"app_value_bucket", {{"le", "+Inf"}, {"status", ""}}, 1}}},
};

TEST(CustomWriter, AsTheClientWritesText) {
    std::string out;
    metrics::write_custom(out, kFamilies, metrics::Format::text);
    EXPECT_EQ(out, "# HELP app_orders_total Say \"orders\"\\nand \\\\\n"
                   "# TYPE app_orders_total counter\n"
                   "app_orders_total{status=\"a\\\"b\\\\c\\nd\"} 2e+06\n"
                   "# HELP app_value h\n"
                   "# TYPE app_value histogram\n"
                   "app_value_bucket{le=\"+Inf\",status=\"\"} 1.0\n");
}

TEST(CustomWriter, AsTheClientWritesOpenMetrics) {
    std::string out;
    metrics::write_custom(out, {kFamilies.data(), 1}, metrics::Format::openmetrics);
    EXPECT_EQ(out, "# HELP app_orders Say \\\"orders\\\"\\nand \\\\\n"
                   "# TYPE app_orders counter\n"
                   "app_orders_total{status=\"a\\\"b\\\\c\\nd\"} 2e+06\n");
}

TEST(CustomWriter, OursAreReserved) {
    const auto names = metrics::reserved_names();
    EXPECT_TRUE(names.contains("gunicorn_worker_requests_created"));
    for (const auto* name : {"gunicorn_worker_requests_total", "gunicorn_worker_requests",
                             "gunicorn_worker_request_duration_seconds_bucket", "gunicorn_worker_state"})
        EXPECT_TRUE(names.contains(name)) << name;
    EXPECT_FALSE(names.contains("app_orders_total"));
}

TEST(CustomPage, TheApplicationsMetricsComeAfterOurs) {
    auto snapshot = documented_snapshot();
    const metrics::Build build{"0.1.0", "1.1", "6.1.0"};
    EXPECT_THAT(metrics::page(snapshot, build, metrics::Format::text), Not(HasSubstr("custom_files{")));
    multiprocess::TargetFiles files{.has_directory = true, .files = 3};
    files.refused_files.add(multiprocess::FileRefusal::malformed, 2);
    snapshot.custom = multiprocess::Exposed{kFamilies, {files}, {}};
    const auto text = metrics::page(snapshot, build, metrics::Format::text);
    EXPECT_THAT(text, EndsWith("app_value_bucket{le=\"+Inf\",status=\"\"} 1.0\n"));
    EXPECT_THAT(text, HasSubstr("\ngunicorn_bpf_exporter_custom_files 3.0\n"));
    EXPECT_THAT(text, HasSubstr("\ngunicorn_bpf_exporter_custom_files_refused_total{reason=\"malformed\"} 2.0\n"));
    EXPECT_THAT(text, HasSubstr("\ngunicorn_bpf_exporter_custom_series_refused{reason=\"name_clash\"} 0.0\n"));
    EXPECT_THAT(metrics::page(snapshot, build, metrics::Format::openmetrics), EndsWith(" 1.0\n# EOF\n"));
}

} // namespace
