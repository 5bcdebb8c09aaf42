// SPDX-License-Identifier: BSD-2-Clause
// What the live page is told: everything that it shows, exact, and nothing of what is not known.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "live/live_json.h"
#include "sample_snapshot.h"

namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

Json json_of(const model::Snapshot& snapshot) {
    return Json::parse(live::to_json(snapshot, {.version = "1.2.3", .instance = "an instance"}));
}

Json first_worker(const model::Snapshot& snapshot) { return json_of(snapshot)["targets"][0]["workers"][0]; }

TEST(LiveJson, SaysWhoTookItAndWhen) {
    auto snapshot = documented_snapshot();
    snapshot.taken_at = std::chrono::system_clock::time_point(1'700'000'000'250ms);
    const auto json = json_of(snapshot);
    EXPECT_EQ(json["version"], "1.2.3");
    EXPECT_EQ(json["instance"], "an instance");
    EXPECT_DOUBLE_EQ(json["time"].get<double>(), 1'700'000'000.25);
    EXPECT_EQ(json["ready"], false);
    EXPECT_EQ(json["bounds"].size(), event::kDurationBounds);
    EXPECT_EQ(json["bounds"][0], 0.005);
}

TEST(LiveJson, HasTheCountsOfEachWorker) {
    const auto worker = first_worker(documented_snapshot());
    EXPECT_EQ(worker["id"], "worker_1_1234567890");
    EXPECT_EQ(worker["pid"], 4711);
    EXPECT_EQ(worker["alive"], true);
    EXPECT_EQ(worker["state"], "running");
    EXPECT_EQ(worker["requests"], 42);
    EXPECT_EQ(worker["durations"], Json({0, 0, 0, 0, 0, 35, 3, 2, 1, 1, 0, 0, 0, 0, 0}));
    EXPECT_EQ(worker["responses"], Json({{"200", 35}, {"404", 5}, {"500", 2}}));
    EXPECT_EQ(worker["aborted"], 1);
    EXPECT_EQ(worker["in_flight"], 1);
    EXPECT_EQ(worker["open"], 2);
    EXPECT_EQ(worker["busy"], 90.0);
    EXPECT_EQ(worker["memory"], 52428800);
    EXPECT_EQ(worker["cpu"], 2.5);
    EXPECT_EQ(worker["heartbeat"], 1.5);
}

TEST(LiveJson, NamesFailuresInTablesOfTheTarget) {
    const auto target = json_of(documented_snapshot())["targets"][0];
    EXPECT_EQ(target["failed_keys"], Json::parse(R"([["GET", "/api/users", 404], ["POST", "/api/data", 500]])"));
    EXPECT_EQ(target["workers"][0]["failed"], Json::parse("[[0, 5], [1, 2]]"));
    EXPECT_EQ(target["error_keys"], Json::parse(R"([["POST", "/api/data", "ValueError"]])"));
    EXPECT_EQ(target["workers"][0]["errors"], Json::parse("[[0, 2]]"));
}

TEST(LiveJson, LetsWorkersShareThoseTables) {
    const auto target = json_of(large_snapshot(1, 3))["targets"][0];
    EXPECT_EQ(target["failed_keys"].size(), 5u); // three, and the two that the worker has anyway
    EXPECT_EQ(target["workers"].size(), 8u);
    for (const auto& worker : target["workers"]) EXPECT_EQ(worker["failed"], target["workers"][0]["failed"]);
}

TEST(LiveJson, TellsOfMasterAndListeners) {
    const auto target = json_of(documented_snapshot())["targets"][0];
    EXPECT_EQ(target["master_pid"], 4710);
    EXPECT_EQ(target["restarts"], 3);
    EXPECT_EQ(target["spawns"], 5);
    EXPECT_EQ(target["exits"], Json({{"reload", 2}, {"timeout", 1}, {"oom", 0}}));
    EXPECT_EQ(target["facts"]["app"], "wapp:app");
    EXPECT_EQ(target["labels"], Json::object());
    EXPECT_EQ(target["listeners"],
              Json::parse(R"([{"name": "127.0.0.1:8000", "waiting": 5, "limit": 100, "dropped": 1}])"));
}

TEST(LiveJson, SaysHowTheExporterIsDoing) {
    const auto self = json_of(documented_snapshot())["self"];
    EXPECT_EQ(self["events_lost"], Json({{"ring_full", 0}, {"slots_full", 1}}));
    EXPECT_EQ(self["programs"], Json({{"accept4_exit", true}, {"oom_mark_victim", false}}));
    EXPECT_EQ(self["snapshot_seconds"], 0.002);
}

TEST(LiveJson, LeavesOutWhatIsNotKnown) {
    auto snapshot = documented_snapshot();
    snapshot.measured = {.activity = false, .waits = false, .backlog = false};
    snapshot.targets[0].workers[0].gauges->use.memory_bytes = std::nullopt;
    snapshot.targets[0].workers[0].gauges->cpu_percent = std::nullopt;
    snapshot.targets[0].workers[1].counted = false;
    const auto target = json_of(snapshot)["targets"][0];
    for (const char* name : {"memory", "cpu", "in_flight", "open", "busy", "accept_waits", "read_waits"})
        EXPECT_FALSE(target["workers"][0].contains(name)) << name;
    EXPECT_EQ(target["listeners"], Json::array());
    EXPECT_EQ(target["workers"][1], Json({{"id", "worker_2_1234567890"}, {"pid", 0}, {"alive", false}}));
}

TEST(LiveJson, IsOfAnEmptyHostToo) {
    const auto json = json_of(model::Snapshot{});
    EXPECT_EQ(json["targets"], Json::array());
    EXPECT_EQ(json["self"]["events_lost"], Json::object());
}

TEST(LiveJson, RepairsWhatIsNoText) {
    auto snapshot = documented_snapshot();
    snapshot.targets[0].workers[0].failed = {{{"GET", "/\xff\"</script>\n", 404}, 1}};
    const auto endpoint = json_of(snapshot)["targets"][0]["failed_keys"][0][1].get<std::string>();
    EXPECT_EQ(endpoint, "/\xef\xbf\xbd\"</script>\n");
}

} // namespace
