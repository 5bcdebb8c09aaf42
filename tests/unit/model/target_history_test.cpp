// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "model/target_history.h"
#include "tree_fixture.h"

namespace {

using gunicorn::ExitReason;
using model::TargetHistory;

TargetHistory history() { return {100, {{"app", "shop:app"}, {"master_pid", "100"}}, http::EndpointLimit(200, {})}; }

TEST(TargetHistory, ListsEveryReasonFromTheStart) {
    auto target_history = history();
    const auto one = master(100, {});
    target_history.update({&one});
    const auto target = target_history.target();
    EXPECT_EQ(target.exits.size(), gunicorn::kExitReasons);
    for (const auto& [reason, count] : target.exits) EXPECT_EQ(count, 0u) << reason;
    EXPECT_EQ(target.master_pid, 100);
    EXPECT_TRUE(target.alive);
    EXPECT_EQ(target.labels.size(), 2u);
}

TEST(TargetHistory, CountsGoOnWhenAPredecessorIsForgotten) {
    auto target_history = history();
    auto old = master(100, {});
    old.restarts = 3;
    old.spawns = 5;
    old.exits[static_cast<std::size_t>(ExitReason::reload)] = 3;
    auto young = successor(200, 100, {});
    young.restarts = 1;
    young.spawns = 2;
    target_history.update({&old, &young});
    old.alive = false;
    old.restarts = 4;
    target_history.update({&old, &young});
    EXPECT_TRUE(target_history.target().alive);
    young.spawns = 3;
    target_history.update({&young});
    const auto target = target_history.target();
    EXPECT_EQ(target.restarts, 5u);
    EXPECT_EQ(target.spawns, 8u);
    EXPECT_EQ(target.exits.at(name_of(ExitReason::reload)), 3u);
    young.alive = false;
    target_history.update({&young});
    EXPECT_FALSE(target_history.target().alive);
}

TEST(TargetHistory, IdsThatClashRaiseTheLaterStart) {
    auto target_history = history();
    const auto late = worker(30, 3, 1, 5055), later = worker(40, 4, 1, 5090), early = worker(20, 2, 1, 5010);
    const auto old = master(100, {late}), young = successor(200, 100, {later, early});
    target_history.update({&old, &young});
    EXPECT_EQ(target_history.id_of(early), "worker_1_1050");
    EXPECT_EQ(target_history.id_of(late), "worker_1_1051");
    EXPECT_EQ(target_history.id_of(later), "worker_1_1052");
}

TEST(TargetHistory, IdsStayAsTheyWere) {
    auto target_history = history();
    const auto first = worker(30, 3, 1, 5055), second = worker(40, 4, 1, 5060), third = worker(50, 5, 1, 5001);
    auto one = master(100, {first, second});
    target_history.update({&one});
    EXPECT_EQ(target_history.id_of(second), "worker_1_1051");
    one = master(100, {second, third}); // the first is forgotten; one that started before is found late
    target_history.update({&one});
    EXPECT_EQ(target_history.id_of(second), "worker_1_1051");
    EXPECT_EQ(target_history.id_of(third), "worker_1_1050");
}

} // namespace
