// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "multiprocess/offered.h"

namespace multiprocess {
namespace {

Family family(const std::string& name, Type type, double value, Labels labels = {}) {
    return {name, type, "help of " + name, {{name, std::move(labels), value}}};
}

struct Result {
    std::vector<Family> families;
    std::vector<std::string> told;
};

Result admitted(std::vector<Offer>& offers, const Names& reserved = {}) {
    Result result;
    result.families = admit(offers, reserved, [&](const auto& name, auto reason) {
        result.told.push_back(name + " " + std::string(name_of(reason)));
    });
    return result;
}

const Labels kNoTarget;
const Labels kOne{{"app", "one"}, {"master_pid", "1"}};
const Labels kTwo{{"app", "two"}, {"master_pid", "2"}};

TEST(Offered, TheExportersNamesAreItsOwn) {
    for (const auto& [name, type, reserved] :
         std::vector<std::tuple<std::string, Type, std::string>>{{"a", Type::gauge, "a"},
                                                                 {"a", Type::counter, "a_total"},
                                                                 {"a", Type::histogram, "a_count"},
                                                                 {"a", Type::summary, "a_sum"}}) {
        std::vector<Offer> offers{{&kNoTarget, {family(name, type, 1), family("b", Type::gauge, 2)}, {}}};
        const auto result = admitted(offers, {reserved});
        ASSERT_EQ(result.families.size(), 1u);
        EXPECT_EQ(result.families[0].name, "b");
        EXPECT_EQ(offers[0].refused.of(SeriesRefusal::name_clash), 1u);
        EXPECT_EQ(result.told, std::vector<std::string>{"a name_clash"});
    }
}

TEST(Offered, SamplesOfTwoMetricsWithOneName) {
    std::vector<Offer> offers{{&kNoTarget, {family("a", Type::summary, 1), family("a_count", Type::gauge, 1)}, {}}};
    EXPECT_EQ(admitted(offers).told, std::vector<std::string>{"a_count name_clash"});
}

TEST(Offered, TheSameMetricOfTwoTargetsIsOne) {
    std::vector<Offer> offers{{&kOne, {family("a", Type::gauge, 1)}, {}}, {&kTwo, {family("a", Type::gauge, 2)}, {}}};
    offers[1].families[0].help = "another help";
    const auto result = admitted(offers);
    ASSERT_EQ(result.families.size(), 1u);
    EXPECT_EQ(result.families[0].help, "help of a");
    ASSERT_EQ(result.families[0].samples.size(), 2u);
    EXPECT_EQ(result.families[0].samples[0].labels, kOne);
    EXPECT_EQ(result.families[0].samples[1].labels, kTwo);
}

TEST(Offered, OfTwoTypesTheFirstCounts) {
    std::vector<Offer> offers{{&kOne, {family("a", Type::gauge, 1)}, {}}, {&kTwo, {family("a", Type::counter, 2)}, {}}};
    const auto result = admitted(offers);
    ASSERT_EQ(result.families.size(), 1u);
    EXPECT_EQ(result.families[0].type, Type::gauge);
    EXPECT_EQ(offers[1].refused.of(SeriesRefusal::type_clash), 1u);
}

TEST(Offered, LabelsOfTheTargetsNameStepAside) {
    std::vector<Offer> offers{
        {&kOne, {family("a", Type::gauge, 1, {{"app", "mine"}, {"exported_app", "too"}, {"x", "y"}})}, {}}};
    const auto result = admitted(offers);
    EXPECT_EQ(result.families[0].samples[0].labels, (Labels{{"app", "one"},
                                                            {"exported_app", "too"},
                                                            {"exported_exported_app", "mine"},
                                                            {"master_pid", "1"},
                                                            {"x", "y"}}));
    std::vector<Offer> alone{{&kNoTarget, {family("a", Type::gauge, 1, {{"app", "mine"}})}, {}}};
    EXPECT_EQ(admitted(alone).families[0].samples[0].labels, (Labels{{"app", "mine"}}));
}

} // namespace
} // namespace multiprocess
