// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "model/target_groups.h"
#include "tree_fixture.h"

namespace {

using model::TargetGroups;
using Labels = model::TargetHistory::Labels;

std::vector<pid_t> pids(const TargetGroups::Group& group) {
    std::vector<pid_t> pids;
    for (const auto* master : group.masters) pids.push_back(master->pid);
    return pids;
}

TEST(TargetGroups, EachMasterIsATarget) {
    TargetGroups groups(true, 200, {});
    EXPECT_TRUE(groups.update({}).empty());
    const std::vector masters{master(300, {}, "a:app"), master(200, {}, "b:app")};
    const auto found = groups.update(masters);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].history->target().labels, (Labels{{"app", "b:app"}, {"master_pid", "200"}}));
    EXPECT_EQ(found[1].history->target().labels, (Labels{{"app", "a:app"}, {"master_pid", "300"}}));
}

TEST(TargetGroups, SuccessorsBelongToTheFirst) {
    TargetGroups groups(true, 200, {});
    const std::vector masters{successor(300, 200, {}), successor(200, 100, {}), master(100, {}), master(400, {})};
    const auto found = groups.update(masters);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].key, 100);
    EXPECT_EQ(pids(found[0]), (std::vector<pid_t>{300, 200, 100}));
    EXPECT_EQ(pids(found[1]), (std::vector<pid_t>{400}));
}

TEST(TargetGroups, KeepTheirNameWhenTheFirstIsForgotten) {
    TargetGroups groups(true, 200, {});
    std::vector masters{master(100, {}, "a:app"), successor(200, 100, {})};
    const auto* history = groups.update(masters).at(0).history;
    masters.erase(masters.begin());
    auto found = groups.update(masters);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].history, history);
    EXPECT_EQ(found[0].history->target().labels, (Labels{{"app", "a:app"}, {"master_pid", "100"}}));

    masters.push_back(successor(300, 200, {}));
    masters.erase(masters.begin()); // the third comes and the second goes between two looks
    found = groups.update(masters);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].key, 100);

    EXPECT_TRUE(groups.update({}).empty());
    EXPECT_EQ(groups.find(100), nullptr);
}

TEST(TargetGroups, SuccessorOfAnUnknownMasterIsATargetOfItsOwn) {
    TargetGroups groups(true, 200, {});
    const std::vector masters{successor(200, 100, {})};
    const auto found = groups.update(masters);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].key, 200);
}

TEST(TargetGroups, CirclesEnd) {
    TargetGroups groups(true, 200, {});
    const std::vector masters{successor(200, 100, {}), successor(100, 200, {}), successor(300, 300, {})};
    EXPECT_EQ(groups.update(masters).size(), 2u);
}

TEST(TargetGroups, WithoutLabelsThereIsOneTargetAlways) {
    TargetGroups groups(false, 200, {});
    auto found = groups.update({});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_FALSE(found[0].history->target().alive);
    EXPECT_EQ(found[0].history->target().master_pid, 0);
    const std::vector masters{master(100, {}), successor(200, 100, {}), master(300, {})};
    found = groups.update(masters);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0].history->target().alive);
    EXPECT_EQ(found[0].history->target().master_pid, 100);
    EXPECT_TRUE(found[0].history->target().labels.empty());
    EXPECT_EQ(pids(found[0]), (std::vector<pid_t>{100, 200, 300}));
    EXPECT_EQ(groups.update({}).size(), 1u);
}

} // namespace
