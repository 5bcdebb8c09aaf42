// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include "metrics/catalogue.h"
#include "metrics/families.h"
#include "metrics/page.h"
#include "sample_snapshot.h"

namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const model::Snapshot& snapshot) { return metrics::page(snapshot, kBuild, metrics::Format::text); }

TEST(Families, AllOfTheCatalogueAreThereWithoutAnyTarget) {
    const auto families = metrics::families({}, kBuild);
    std::set<std::string> names;
    for (const auto& family : families) names.insert(family.name);
    for (const auto& metric : metrics::catalogue()) EXPECT_TRUE(names.contains(std::string(metric.text)));
    EXPECT_EQ(families.size(), metrics::catalogue().size());
    EXPECT_TRUE(std::ranges::is_sorted(families, {}, &prometheus::MetricFamily::name));
    const auto text = text_of({});
    EXPECT_THAT(text, HasSubstr("# TYPE gunicorn_worker_requests_total counter\n"));
    EXPECT_THAT(text, Not(HasSubstr("\ngunicorn_worker_requests_total")));
    EXPECT_THAT(text, HasSubstr("\ngunicorn_bpf_exporter_targets 0.0\n"));
}

TEST(Families, LabelsAreThoseOfTheCatalogueThenThoseOfTheTarget) {
    for (const auto& family : metrics::families(large_snapshot(1, 2), kBuild)) {
        const auto metric = std::ranges::find(metrics::catalogue(), family.name, &metrics::Metric::text);
        ASSERT_NE(metric, metrics::catalogue().end());
        EXPECT_FALSE(family.metric.empty()) << family.name;
        std::vector<std::string> expected(metric->labels.begin(), metric->labels.end());
        for (const char* label : {"app", "master_pid"}) // none twice
            if (metric->scope == metrics::Scope::target && std::ranges::find(expected, label) == expected.end())
                expected.emplace_back(label);
        for (const auto& series : family.metric) {
            std::vector<std::string> names;
            names.reserve(series.label.size());
            for (const auto& label : series.label) names.push_back(label.name);
            EXPECT_EQ(names, expected) << family.name;
        }
    }
}

TEST(Families, LabelsAreTheDocumentedOnesForOnePid) {
    const auto text = text_of(documented_snapshot());
    EXPECT_THAT(text, HasSubstr("\ngunicorn_master_worker_restarts_total 3.0\n"));
    EXPECT_THAT(text, HasSubstr("\ngunicorn_worker_requests_total{worker_id=\"worker_1_1234567890\"} 42.0\n"));
    EXPECT_THAT(text, Not(HasSubstr("master_pid")));
}

TEST(Families, ClassesAreThereFromTheStartAndSumToTheRequests) {
    auto snapshot = documented_snapshot();
    auto& worker = snapshot.targets[0].workers[0];
    worker.totals.responses = {{0, 1}, {101, 2}, {200, 3}, {299, 4}, {304, 5}, {499, 6}, {500, 7}, {600, 8}, {999, 9}};
    const auto text = text_of(snapshot);
    const auto has = [&](const char* worker_id, const char* name, int count) {
        return text.find(
                   fmt::format("\ngunicorn_worker_responses_by_class_total{{worker_id=\"{}\",class=\"{}\"}} {}.0\n",
                               worker_id, name, count)) != std::string::npos;
    };
    const std::vector<std::pair<const char*, int>> counts = {{"unreadable", 1}, {"1xx", 2}, {"2xx", 7},
                                                             {"3xx", 5},        {"4xx", 6}, {"5xx", 24}};
    for (const auto& [name, count] : counts) {
        EXPECT_TRUE(has("worker_1_1234567890", name, count)) << text;
        EXPECT_TRUE(has("worker_2_1234567890", name, 0)) << name;
    }
    EXPECT_THAT(text, HasSubstr("\ngunicorn_worker_errors_total{worker_id=\"worker_1_1234567890\"} 2.0\n"));
    EXPECT_THAT(text, HasSubstr("\ngunicorn_worker_errors_total{worker_id=\"worker_2_1234567890\"} 0.0\n"));
}

TEST(Families, AWorkerBeginsWithZerosForWhatItsTargetHasShownLately) {
    auto snapshot = documented_snapshot();
    auto& target = snapshot.targets[0];
    target.failed = {
        {{"GET", "/api/users", 404}, {9, true}}, {{"GET", "/new", 500}, {2, true}}, {{"GET", "/old", 500}, {1, false}}};
    target.errors = {{{"GET", "/new", "KeyError"}, {2, true}}};
    const auto text = text_of(snapshot);
    const auto failed = [](const char* labels, const char* value) {
        return fmt::format("\ngunicorn_worker_failed_requests_total{{worker_id=\"{} {}\n", labels, value);
    };
    EXPECT_THAT(text, HasSubstr(failed(R"(worker_1_1234567890",method="GET",endpoint="/api/users",status_code="404"})",
                                       "5.0")));
    EXPECT_THAT(text,
                HasSubstr(failed(R"(worker_1_1234567890",method="GET",endpoint="/new",status_code="500"})", "0.0")));
    EXPECT_THAT(
        text,
        HasSubstr(
            R"(error_handling_total{worker_id="worker_1_1234567890",method="GET",endpoint="/new",error_type="KeyError"} 0.0)"));
    EXPECT_THAT(
        text, Not(HasSubstr(failed(R"(worker_1_1234567890",method="GET",endpoint="/old",status_code="500"})", "0.0"))));
    EXPECT_THAT(text, Not(HasSubstr(R"(failed_requests_total{worker_id="worker_2)"))) << "it has ended";
    EXPECT_THAT(
        text,
        HasSubstr("\ngunicorn_failed_requests_total{method=\"GET\",endpoint=\"/old\",status_code=\"500\"} 1.0\n"));
    EXPECT_THAT(text,
                HasSubstr("\ngunicorn_errors_total{method=\"GET\",endpoint=\"/new\",error_type=\"KeyError\"} 2.0\n"));
}

TEST(Families, AWorkerThatServesBehindTheResponseIsBusy) {
    auto snapshot = documented_snapshot();
    auto& activity = snapshot.targets[0].workers[0].totals.activity;
    activity.in_flight = 0;
    EXPECT_THAT(text_of(snapshot), HasSubstr("\ngunicorn_workers{state=\"busy\"} 0.0\n"));
    activity.served = 1;
    EXPECT_THAT(text_of(snapshot), HasSubstr("\ngunicorn_workers{state=\"busy\"} 1.0\n"));
    EXPECT_THAT(text_of(snapshot),
                HasSubstr("\ngunicorn_worker_requests_in_flight{worker_id=\"worker_1_1234567890\"} 0.0\n"));
}

TEST(Families, StreamsAndWebSocketsHaveTheirOwn) {
    auto snapshot = documented_snapshot();
    auto& totals = snapshot.targets[0].workers[0].totals;
    totals.activity.open_streams = 3;
    totals.activity.websockets = 4;
    totals.streams = {.complete = 5, .early = {.client = 6, .server = 7, .worker_exit = 8}};
    totals.websockets = {.client = 9, .server = 10, .worker_exit = 11};
    totals.websocket_lifetimes.buckets[0] = 30;
    totals.websocket_lifetimes.sum = std::chrono::milliseconds(1500);
    const auto text = text_of(snapshot);
    const auto has = [&](const char* name, const char* labels, const char* value) {
        EXPECT_THAT(text, HasSubstr(fmt::format("\ngunicorn_worker_{}{{worker_id=\"worker_1_1234567890\"{}}} {}\n",
                                                name, labels, value)));
    };
    has("open_streams", "", "3.0");
    has("websockets", "", "4.0");
    has("streams_ended_total", ",by=\"complete\"", "5.0");
    has("streams_ended_total", ",by=\"client\"", "6.0");
    has("streams_ended_total", ",by=\"server\"", "7.0");
    has("streams_ended_total", ",by=\"worker_exit\"", "8.0");
    has("websockets_ended_total", ",by=\"client\"", "9.0");
    has("websockets_ended_total", ",by=\"server\"", "10.0");
    has("websockets_ended_total", ",by=\"worker_exit\"", "11.0");
    has("websocket_lifetime_seconds_bucket", ",le=\"0.1\"", "30.0");
    has("websocket_lifetime_seconds_count", "", "30.0");
    has("websocket_lifetime_seconds_sum", "", "1.5");
    // Of one that has ended only what it counted is left.
    EXPECT_THAT(
        text,
        HasSubstr("\ngunicorn_worker_streams_ended_total{worker_id=\"worker_2_1234567890\",by=\"complete\"} 0.0\n"));
    EXPECT_THAT(text, Not(HasSubstr("gunicorn_worker_open_streams{worker_id=\"worker_2")));
}

TEST(Families, KnownSeriesStartAtZeroAndResponsesDoNot) {
    const auto text = text_of(documented_snapshot());
    for (const char* line : {
             "gunicorn_worker_requests_total{worker_id=\"worker_2_1234567890\"} 0.0",
             "gunicorn_worker_request_duration_seconds_bucket{worker_id=\"worker_2_1234567890\",le=\"+Inf\"} 0.0",
             "gunicorn_worker_request_duration_seconds_sum{worker_id=\"worker_2_1234567890\"} 0.0",
             "gunicorn_worker_requests_aborted_total{worker_id=\"worker_2_1234567890\",by=\"client\"} 0.0",
             "gunicorn_worker_requests_aborted_total{worker_id=\"worker_1_1234567890\",by=\"client\"} 1.0",
             "gunicorn_worker_requests_aborted_total{worker_id=\"worker_2_1234567890\",by=\"worker_exit\"} 0.0",
             "gunicorn_worker_responses_incomplete_total{worker_id=\"worker_1_1234567890\",by=\"server\"} 2.0",
             "gunicorn_worker_connections_total{worker_id=\"worker_1_1234567890\",kind=\"tls\"} 0.0",
             "gunicorn_worker_connections_total{worker_id=\"worker_1_1234567890\",kind=\"http\"} 40.0",
             "gunicorn_worker_pipelined_unserved_total{worker_id=\"worker_2_1234567890\"} 0.0",
             "gunicorn_worker_protocol_errors_total{worker_id=\"worker_1_1234567890\",kind=\"unexpected_bytes\"} 3.0",
             "gunicorn_request_queue_unknown_total{worker_id=\"worker_1_1234567890\",place=\"accept_queue\"} 0.0",
             "gunicorn_request_queue_unknown_total{worker_id=\"worker_1_1234567890\",place=\"next_read\"} 4.0",
             R"(gunicorn_worker_protocol_errors_total{worker_id="worker_2_1234567890",kind="unexpected_response"} 0.0)",
             "gunicorn_bpf_exporter_connections_resynchronized_total{reason=\"parse_budget\"} 1.0",
             "gunicorn_worker_responses_total{worker_id=\"worker_1_1234567890\",status_code=\"200\"} 35.0",
             "gunicorn_worker_exits_total{reason=\"oom\"} 0.0",
             "gunicorn_worker_exits_total{reason=\"reload\"} 2.0",
             "gunicorn_master_worker_spawns_total 5.0",
         })
        EXPECT_THAT(text, HasSubstr(fmt::format("\n{}\n", line)));
    EXPECT_THAT(text, Not(HasSubstr("responses_total{worker_id=\"worker_2")));
}

TEST(Families, UnreadableStatusHasAName) {
    auto snapshot = documented_snapshot();
    snapshot.targets[0].workers[0].totals.responses[0] = 4;
    EXPECT_THAT(text_of(snapshot), HasSubstr("{worker_id=\"worker_1_1234567890\",status_code=\"unreadable\"} 4.0\n"));
}

TEST(Families, EndedWorkerKeepsCountersAndLosesGauges) {
    const auto text = text_of(documented_snapshot());
    for (const char* gauge : {"memory_bytes", "cpu_percent", "uptime_seconds", "heartbeat_age_seconds", "state", "info",
                              "open_fds", "max_fds", "threads"}) {
        EXPECT_THAT(text, HasSubstr(fmt::format("gunicorn_worker_{}{{worker_id=\"worker_1_", gauge)));
        EXPECT_THAT(text, Not(HasSubstr(fmt::format("gunicorn_worker_{}{{worker_id=\"worker_2_", gauge))));
    }
}

TEST(Families, WorkersAreJoinedWithTheirPids) {
    const auto text = text_of(documented_snapshot());
    EXPECT_THAT(text, HasSubstr("\ngunicorn_worker_info{worker_id=\"worker_1_1234567890\",pid=\"4711\"} 1.0\n"));
}

TEST(Families, ProcessorTimeStaysWithTheOtherCounters) {
    auto snapshot = documented_snapshot();
    const auto text = text_of(snapshot);
    const auto series = [](const char* worker, const char* mode) {
        return fmt::format("\ngunicorn_worker_cpu_seconds_total{{worker_id=\"{}_1234567890\",mode=\"{}\"}} ", worker,
                           mode);
    };
    EXPECT_THAT(text, HasSubstr(series("worker_1", "user") + "90.5\n"));
    EXPECT_THAT(text, HasSubstr(series("worker_1", "system") + "1.25\n"));
    EXPECT_THAT(text, HasSubstr(series("worker_2", "user") + "3.0\n"));
    EXPECT_THAT(text, HasSubstr(series("worker_2", "system") + "0.02\n"));
    snapshot.targets[0].workers[1].cpu_time.reset(); // it ended before it could be sampled
    EXPECT_THAT(text_of(snapshot), Not(HasSubstr(series("worker_2", "user"))));
}

TEST(Families, MastersHaveDescriptorsThreadsAndMemory) {
    auto snapshot = documented_snapshot();
    const auto text = text_of(snapshot);
    for (const char* line : {
             "gunicorn_worker_open_fds{worker_id=\"worker_1_1234567890\"} 17.0",
             "gunicorn_worker_max_fds{worker_id=\"worker_1_1234567890\"} 1024.0",
             "gunicorn_master_open_fds 12.0",
             "gunicorn_master_max_fds 4096.0",
             "gunicorn_master_threads 1.0",
             "gunicorn_master_memory_bytes 30408704.0",
         })
        EXPECT_THAT(text, HasSubstr(fmt::format("\n{}\n", line)));
    snapshot.targets[0].master_use = {}; // it has ended
    EXPECT_THAT(text_of(snapshot), Not(HasSubstr("\ngunicorn_master_open_fds")));
    EXPECT_THAT(text_of(snapshot), Not(HasSubstr("\ngunicorn_master_memory_bytes")));
}

TEST(Families, UnsampledGaugesAreAbsent) {
    auto snapshot = documented_snapshot();
    snapshot.targets[0].workers[0].gauges->use.memory_bytes.reset();
    snapshot.targets[0].workers[0].gauges->cpu_percent.reset();
    snapshot.targets[0].workers[0].gauges->heartbeat_age.reset();
    const auto text = text_of(snapshot);
    EXPECT_THAT(text, Not(HasSubstr("gunicorn_worker_memory_bytes{")));
    EXPECT_THAT(text, Not(HasSubstr("gunicorn_worker_cpu_percent{")));
    EXPECT_THAT(text, Not(HasSubstr("gunicorn_worker_heartbeat_age_seconds{")));
    EXPECT_THAT(text, HasSubstr("gunicorn_worker_uptime_seconds{"));
}

TEST(Families, UnobservedWorkerHasGaugesAndNoCounter) {
    auto snapshot = documented_snapshot();
    snapshot.targets[0].workers[0].counted = false;
    const auto text = text_of(snapshot);
    EXPECT_THAT(text, HasSubstr("gunicorn_worker_state{worker_id=\"worker_1_"));
    EXPECT_THAT(text, Not(HasSubstr("gunicorn_worker_requests_total{worker_id=\"worker_1_")));
    EXPECT_THAT(text, Not(HasSubstr("gunicorn_worker_failed_requests_total{worker_id=\"worker_1_")));
}

TEST(Families, StateHasItsTimeWithMilliseconds) {
    auto snapshot = documented_snapshot();
    snapshot.targets[0].workers[0].gauges->state = model::WorkerState::abort;
    snapshot.targets[0].workers[0].gauges->state_since = 1640995200.5;
    EXPECT_THAT(text_of(snapshot), HasSubstr("gunicorn_worker_state{worker_id=\"worker_1_1234567890\",state=\"abort\","
                                             "timestamp=\"1640995200.500\"} 1.0\n"));
}

TEST(Families, InfoHasTheAppOfItsTarget) {
    auto snapshot = documented_snapshot();
    EXPECT_THAT(text_of(snapshot),
                HasSubstr("\ngunicorn_info{version=\"20.1.0\",worker_class=\"sync\",python=\"3.11.2\",app=\"wapp:app\","
                          "bind=\"127.0.0.1:8000\",age_source=\"arbiter\"} 1.0\n"));
    snapshot.targets[0].labels = {{"app", "shop"}, {"master_pid", "4710"}};
    snapshot.targets[0].facts = {{"age_source", "fork_order"}};
    EXPECT_THAT(text_of(snapshot),
                HasSubstr("\ngunicorn_info{version=\"\",worker_class=\"\",python=\"\",app=\"shop\",bind=\"\","
                          "age_source=\"fork_order\",master_pid=\"4710\"} 1.0\n"));
    snapshot.targets[0].facts.clear(); // its master has ended
    EXPECT_THAT(text_of(snapshot), Not(HasSubstr("\ngunicorn_info{")));
}

TEST(Families, ExporterHasTheProcessMetricsOfEveryClient) {
    auto snapshot = documented_snapshot();
    const auto text = text_of(snapshot);
    for (const char* line : {
             "cpu_seconds_total 12.34",
             "resident_memory_bytes 31457280.0",
             "virtual_memory_bytes 104857600.0",
             "start_time_seconds 1640995100.25",
             "open_fds 40.0",
             "max_fds 1024.0",
             "threads 4.0",
         })
        EXPECT_THAT(text, HasSubstr(fmt::format("\nprocess_{}\n", line)));
    snapshot.self.process.reset(); // a /proc that does not show it
    EXPECT_THAT(text_of(snapshot), Not(HasSubstr("\nprocess_")));
}

TEST(Families, ExporterAboutItself) {
    auto snapshot = documented_snapshot();
    snapshot.targets.push_back({});
    snapshot.targets.back().alive = false;
    snapshot.self.reload = {false, std::chrono::system_clock::time_point(std::chrono::seconds(1640995200))};
    const auto text = text_of(snapshot);
    for (const char* line : {
             "build_info{version=\"0.1.0\",libbpf=\"1.1\",kernel=\"6.1.0-test\"} 1.0",
             "targets 1.0",
             "probe_attached{probe=\"accept4_exit\"} 1.0",
             "probe_attached{probe=\"oom_mark_victim\"} 0.0",
             "bpf_run_time_seconds_total{program=\"accept4_exit\"} 1.5",
             "events_lost_total{reason=\"ring_full\"} 0.0",
             "events_lost_total{reason=\"slots_full\"} 1.0",
             "map_entries{map=\"connections\"} 12.0",
             "map_capacity{map=\"connections\"} 65536.0",
             "endpoint_values_refused_total 7.0",
             "snapshot_duration_seconds 0.002",
             "sampling_duration_seconds 0.001",
             "config_last_reload_successful 0.0",
             "config_last_reload_success_timestamp_seconds 1640995200.0",
         })
        EXPECT_THAT(text, HasSubstr(fmt::format("\ngunicorn_bpf_exporter_{}\n", line)));
    EXPECT_THAT(text, Not(HasSubstr("run_time_seconds_total{program=\"oom")));
}

} // namespace
