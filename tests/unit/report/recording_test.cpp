// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "report/recording.h"
#include "samples.h"

namespace report_test {
namespace {

const report::Origin kOrigin{"1.2.3", "web-1", "6.18"};

nlohmann::json json_of(const report::Recording& recording, std::chrono::milliseconds after) {
    return nlohmann::json::parse(report::to_json(recording, kOrigin, kBegan + after));
}

TEST(Recording, SeriesHaveAValueForEachColumn) {
    report::Recording recording(kBegan, 3s);
    recording.requests.add(request(100ms, 20ms));
    recording.requests.add(request(1100ms, 20ms, "/orders", 500));
    recording.timeline.add(snapshot(0ms, 0ms));
    recording.timeline.add(snapshot(1s, 500ms, 1));
    const auto json = json_of(recording, 3s);
    EXPECT_EQ(json["times"].size(), 3u);
    EXPECT_EQ(json["times"][1], 1'700'000'001.0);
    EXPECT_EQ(json["heatmap"]["columns"].size(), 3u);
    EXPECT_EQ(json["heatmap"]["columns"][0][2], 1);
    EXPECT_EQ(json["rates"]["requests"], (nlohmann::json{1.0, 1.0, 0.0}));
    EXPECT_EQ(json["rates"]["failed"], (nlohmann::json{0.0, 1.0, 0.0}));
    EXPECT_EQ(json["busy_workers"]["busy"], (nlohmann::json{0, 1, nullptr}));
    EXPECT_EQ(json["workers"][0]["state"], (nlohmann::json{"running", "running", nullptr}));
    EXPECT_EQ(json["workers"][0]["busy"], (nlohmann::json{nullptr, 0.5, nullptr}));
    EXPECT_EQ(json["listeners"][0]["waiting"], (nlohmann::json{3, 3, nullptr}));
    EXPECT_EQ(json["duration_seconds"], 3.0);
    EXPECT_EQ(json["requests"]["ended"], 2);
    EXPECT_EQ(json["requests"]["failed"], 1);
    EXPECT_EQ(json["targets"][0]["facts"]["app"], "shop:app");
    EXPECT_EQ(json["exporter"]["host"], "web-1");
    EXPECT_TRUE(json["notices"].empty());
}

TEST(Recording, OfNothingIsWhole) {
    const auto json = json_of(report::Recording(kBegan, 3s), 10ms);
    EXPECT_EQ(json["requests"]["ended"], 0);
    EXPECT_EQ(json["requests"]["p99_seconds"], 0.0);
    EXPECT_EQ(json["times"].size(), 1u);
    for (const auto* name : {"slowest", "routes", "errors", "failed", "peers", "workers", "listeners", "targets"})
        EXPECT_TRUE(json[name].is_array() && json[name].empty()) << name;
    EXPECT_EQ(json["stacks"]["samples"], 0);
}

TEST(Recording, SaysWhatAReaderHasToKnow) {
    report::Recording recording(kBegan, 3s);
    auto shared = request(100ms, 20ms);
    shared.shared = true;
    recording.requests.add(shared);
    recording.lost = {{"ring_full", 12}, {"framing", 0}};
    const auto json = json_of(recording, 3s);
    ASSERT_EQ(json["notices"].size(), 2u);
    EXPECT_NE(json["notices"][1].get<std::string>().find("12 times: ring_full"), std::string::npos);
}

TEST(Recording, SlowRequestsCarryTheirStacksMostFrequentFirst) {
    report::Recording recording(kBegan, 3s);
    const stacks::Stack query{{"app", "app.py", 3}, {"query", "db.py", 14}};
    const stacks::Stack render{{"app", "app.py", 4}};
    stacks::Profile profile;
    profile.add({render, stacks::State::kRunning, false});
    for (int i = 0; i < 3; i++) profile.add({query, stacks::State::kWaiting, false});
    profile.add(stacks::Rejection{});
    auto slow = request(100ms, 20ms);
    slow.stacks = std::make_shared<const stacks::Profile>(profile);
    recording.requests.add(slow);
    recording.profile.add(profile);
    const auto json = json_of(recording, 3s);
    const auto& list = json["slowest"][0]["stacks"];
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0]["samples"], 3);
    EXPECT_EQ(list[0]["state"], "waiting");
    const auto& frames = json["frames"];
    EXPECT_EQ(frames[list[0]["frames"][1].get<std::size_t>()],
              (nlohmann::json{{"function", "query"}, {"file", "db.py"}, {"line", 14}}));
    EXPECT_EQ(json["stacks"]["waiting"][0]["frames"], list[0]["frames"]);
    EXPECT_EQ(frames.size(), 3u) << "each place once";
    EXPECT_EQ(list[1]["state"], "running");
    EXPECT_EQ(json["stacks"]["samples"], 4);
    EXPECT_EQ(json["stacks"]["waiting"][0]["samples"], 3);
    EXPECT_EQ(json["stacks"]["running"].size(), 1u);
    EXPECT_EQ(json["stacks"]["rejected"][std::string(stacks::kRejectionNames[0])], 1);
}

} // namespace
} // namespace report_test
