// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "model/failed_responses.h"

namespace {

using model::FailedResponses;
using Failed = std::map<model::FailedKey, std::uint64_t>;
using Errors = std::map<model::ErrorKey, std::uint64_t>;

const model::Answer kMissing{404, "GET", "/a", ""};
const model::Answer kAlsoMissing{404, "GET", "/b", ""};
const model::Answer kBroken{500, "POST", "/a", "unknown"};

TEST(FailedResponses, RecordsArePublishedWithTheirCounts) {
    FailedResponses answers;
    answers.set_counted({{200, 9}, {404, 3}, {500, 1}, {0, 2}});
    answers.add(kMissing, 2);
    answers.add(kAlsoMissing);
    answers.add(kBroken);
    EXPECT_TRUE(answers.failed().empty());
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"GET", "/a", 404}, 2}, {{"GET", "/b", 404}, 1}, {{"POST", "/a", 500}, 1}}));
    EXPECT_EQ(answers.errors(), (Errors{{{"POST", "/a", "unknown"}, 1}}));
}

TEST(FailedResponses, ErrorsAreWhatHasAType) {
    FailedResponses answers;
    answers.set_counted({{400, 2}, {500, 3}});
    answers.add({400, "GET", "/a", ""});
    answers.add({400, "invalid", "invalid", "InvalidRequestLine"});
    answers.add({500, "GET", "/a", "ValueError"}, 2);
    answers.add({500, "GET", "/a", "KeyError"});
    answers.publish();
    EXPECT_EQ(answers.failed().at({"GET", "/a", 500}), 3u) << "one series of failures for both types";
    EXPECT_EQ(answers.errors(), (Errors{{{"invalid", "invalid", "InvalidRequestLine"}, 1},
                                        {{"GET", "/a", "ValueError"}, 2},
                                        {{"GET", "/a", "KeyError"}, 1}}));
}

TEST(FailedResponses, LostRecordsAreOther) {
    FailedResponses answers;
    answers.set_counted({{404, 3}, {503, 2}});
    answers.add(kMissing);
    answers.publish();
    EXPECT_EQ(answers.failed(),
              (Failed{{{"GET", "/a", 404}, 1}, {{"other", "other", 404}, 2}, {{"other", "other", 503}, 2}}));
    EXPECT_EQ(answers.errors(), (Errors{{{"other", "other", "unknown"}, 2}}));
    answers.publish();
    EXPECT_EQ(answers.failed().at({"other", "other", 404}), 2u) << "counted once";
}

TEST(FailedResponses, RecordsNewerThanTheCountsWait) {
    FailedResponses answers;
    answers.set_counted({{404, 1}});
    answers.add(kMissing, 2); // the second response came after the counts were read
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"GET", "/a", 404}, 1}}));
    answers.set_counted({{404, 2}});
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"GET", "/a", 404}, 2}}));
}

TEST(FailedResponses, LateRecordDoesNotCountTwice) {
    FailedResponses answers;
    answers.set_counted({{404, 1}});
    answers.publish();
    answers.add(kMissing); // after all
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"other", "other", 404}, 1}}));
    answers.set_counted({{404, 1}});
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"other", "other", 404}, 1}}));

    answers.set_counted({{404, 2}});
    answers.add(kAlsoMissing);
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"other", "other", 404}, 1}, {{"GET", "/b", 404}, 1}}))
        << "the late record is forgotten and stands in for no other";
}

TEST(FailedResponses, LateRecordInTheSameBreathAsANewOne) {
    FailedResponses answers;
    answers.set_counted({{404, 1}});
    answers.publish();
    answers.add(kMissing);
    answers.set_counted({{404, 2}});
    answers.add(kMissing);
    answers.publish();
    answers.set_counted({{404, 2}});
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"other", "other", 404}, 1}, {{"GET", "/a", 404}, 1}}));
}

// Should the kernel ever record before it counts, records wait: nothing is dropped that nobody published.
TEST(FailedResponses, CountsThatLagBehindDropNothing) {
    FailedResponses answers;
    answers.add(kMissing);
    answers.set_counted({{404, 0}});
    answers.publish();
    EXPECT_TRUE(answers.failed().empty());
    answers.set_counted({{404, 1}});
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"GET", "/a", 404}, 1}}));
}

TEST(FailedResponses, UnpublishedRecordsCanBeRenamedOrDropped) {
    FailedResponses answers;
    answers.set_counted({{404, 1}});
    answers.add(kMissing);
    answers.publish();
    answers.add(kAlsoMissing, 2);
    std::set<std::string_view> endpoints;
    answers.collect_endpoints(endpoints);
    EXPECT_EQ(endpoints, (std::set<std::string_view>{"/a", "/b"}));
    std::uint64_t renamed = 0;
    answers.rename_unpublished([&](std::string_view, std::uint64_t times) {
        renamed += times;
        return "other";
    });
    EXPECT_EQ(renamed, 2u);
    answers.set_counted({{404, 3}});
    answers.publish();
    EXPECT_EQ(answers.failed(), (Failed{{{"GET", "/a", 404}, 1}, {{"GET", "other", 404}, 2}}));
    answers.add(kBroken);
    answers.drop_unpublished();
    answers.set_counted({{404, 3}, {500, 1}});
    answers.publish();
    EXPECT_EQ(answers.failed().at({"other", "other", 500}), 1u);
}

// A kernel that counts, records, loses and delays at random. In every snapshot the series sum to the counts that
// were read, and none decreases; without loss and delay every label is right in the end.
class Kernel {
public:
    Kernel(unsigned seed, double loss, double delay) : random_(seed), loss_(loss), delay_(delay) {}

    void respond() {
        const model::Answer answer = pick(2) == 0 ? kBroken : pick(2) == 0 ? kMissing : kAlsoMissing;
        ++counts[answer.status];
        ++truth[{answer.method, answer.endpoint, answer.status}];
        if (chance(loss_)) return;
        (chance(delay_) ? delayed_ : ring_).push_back(answer);
    }
    void drain(FailedResponses& answers) {
        for (const auto& answer : ring_) answers.add(answer);
        ring_.clear();
        if (chance(0.5)) std::swap(ring_, delayed_);
    }
    void respond_some() {
        for (int left = pick(5); left > 0; --left) respond();
    }
    bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }
    int pick(int below) { return std::uniform_int_distribution<>(0, below - 1)(random_); }

    std::map<int, std::uint64_t> counts;
    Failed truth;

private:
    std::mt19937 random_;
    double loss_, delay_;
    std::deque<model::Answer> ring_, delayed_;
};

void expect_promises(const FailedResponses& answers, const std::map<int, std::uint64_t>& counts, Failed& before) {
    std::map<int, std::uint64_t> sums;
    for (const auto& [key, count] : answers.failed()) sums[key.status] += count;
    ASSERT_EQ(sums, counts);
    for (const auto& [key, count] : before) ASSERT_GE(answers.failed().at(key), count);
    before = answers.failed();
    std::uint64_t errors = 0;
    for (const auto& [key, count] : answers.errors()) errors += count;
    ASSERT_EQ(errors, sums[500]);
}

class AnswersAtRandom : public testing::TestWithParam<std::pair<double, double>> {};

TEST_P(AnswersAtRandom, KeepTheirPromises) {
    const auto [loss, delay] = GetParam();
    for (unsigned seed = 1; seed <= 50; ++seed) {
        FailedResponses answers;
        Kernel kernel(seed, loss, delay);
        Failed before;
        for (int round = 0; round < 200; ++round) {
            kernel.respond_some();
            if (kernel.chance(0.3)) kernel.drain(answers); // the ring's own timer
            kernel.respond_some();
            const auto read = kernel.counts;
            answers.set_counted(read);
            kernel.respond_some(); // between reading and draining
            kernel.drain(answers);
            answers.publish();
            ASSERT_NO_FATAL_FAILURE(expect_promises(answers, read, before)) << "seed " << seed << " round " << round;
        }
        answers.set_counted(kernel.counts);
        kernel.drain(answers);
        answers.publish();
        if (loss == 0 && delay == 0) {
            ASSERT_EQ(answers.failed(), kernel.truth) << "seed " << seed;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, AnswersAtRandom,
                         testing::Values(std::pair{0.0, 0.0}, std::pair{0.1, 0.0}, std::pair{0.0, 0.1},
                                         std::pair{0.2, 0.3}));

} // namespace
