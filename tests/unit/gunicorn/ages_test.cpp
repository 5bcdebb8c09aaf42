// SPDX-License-Identifier: BSD-2-Clause
// The ages of workers: what the Arbiter says, and what holds until it says it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "gunicorn/app_name.h"
#include "gunicorn/facts.h"
#include "scene.h"

namespace gunicorn {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr pid_t kFirstMaster = 100;

std::vector<std::uint32_t> ages(const Scene& scene) {
    std::vector<std::uint32_t> ages;
    for (const auto& worker : scene.master(kFirstMaster).workers) ages.push_back(worker.age);
    return ages;
}

class AgesTest : public testing::Test {
protected:
    void SetUp() override { scene_.start_master(kFirstMaster); }
    void start_workers(std::initializer_list<pid_t> pids) {
        for (const auto pid : pids) scene_.start_worker(pid, kFirstMaster);
    }

    Scene scene_;
};

TEST_F(AgesTest, OfWorkersThatWereThereAreWhatTheArbiterSays) {
    start_workers({107, 108, 109});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 6, .ages = {{107, 5}, {108, 4}, {109, 6}}, .facts = {}});
    scene_.scan();
    EXPECT_THAT(ages(scene_), ElementsAre(4, 5, 6)); // in order of age
    EXPECT_EQ(scene_.worker(107).age, 5u);
    EXPECT_EQ(scene_.worker(108).age, 4u);
    EXPECT_EQ(scene_.master(kFirstMaster).last_age, 6u);
    EXPECT_EQ(scene_.master(kFirstMaster).facts().at("age_source"), "arbiter");
}

TEST_F(AgesTest, AreRankedWhereItCannotBeAsked) {
    start_workers({107, 108, 109});
    scene_.scan();
    EXPECT_THAT(ages(scene_), ElementsAre(1, 2, 3));
    EXPECT_EQ(scene_.master(kFirstMaster).facts().at("age_source"), "fork_order");
    EXPECT_EQ(scene_.master(kFirstMaster).arbiter_unreadable, "unreadable");
}

TEST_F(AgesTest, ItIsAskedThreeTimesThenEveryHalfMinute) {
    start_workers({107});
    scene_.scan();
    EXPECT_EQ(scene_.times_asked(), 1);
    scene_.pass(19ms);
    scene_.tree().check_ages();
    EXPECT_EQ(scene_.times_asked(), 1);
    for (int i = 0; i < 5; ++i) {
        scene_.pass(20ms);
        scene_.tree().check_ages();
    }
    EXPECT_EQ(scene_.times_asked(), 3);
    scene_.set_arbiter(kFirstMaster, {.worker_age = 4, .ages = {{107, 4}}, .facts = {}});
    scene_.pass(29s);
    scene_.tree().check_ages();
    EXPECT_THAT(ages(scene_), ElementsAre(1));
    scene_.pass(1s);
    scene_.tree().check_ages();
    EXPECT_THAT(ages(scene_), ElementsAre(4));
    EXPECT_EQ(scene_.master(kFirstMaster).facts().at("age_source"), "arbiter");
    EXPECT_EQ(scene_.master(kFirstMaster).arbiter_unreadable, "");
}

TEST_F(AgesTest, AClockThatIsSetBackDelaysNothing) {
    start_workers({107});
    scene_.scan();
    const auto asked = scene_.times_asked();
    scene_.pass(-1h);
    scene_.tree().check_ages();
    EXPECT_EQ(scene_.times_asked(), asked + 1);
}

TEST_F(AgesTest, ForksCountOnFromWhatTheArbiterSaid) {
    start_workers({107, 108});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 9, .ages = {{107, 8}, {108, 9}}, .facts = {}});
    scene_.scan();
    scene_.pass(1s);
    scene_.hide_arbiter(kFirstMaster);
    scene_.bear(110, kFirstMaster);
    scene_.bear(111, kFirstMaster);
    EXPECT_THAT(ages(scene_), ElementsAre(8, 9, 10, 11));
}

TEST_F(AgesTest, ABirthIsCheckedAtOnceAndADeathAMomentLater) {
    start_workers({107});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 1, .ages = {{107, 1}}, .facts = {}});
    scene_.scan();
    scene_.pass(1s);
    // A hook's process had been taken for a worker of age 2 if it was not for the Arbiter.
    scene_.set_arbiter(kFirstMaster, {.worker_age = 3, .ages = {{107, 1}, {108, 3}}, .facts = {}});
    scene_.bear(108, kFirstMaster);
    scene_.tree().check_ages();
    EXPECT_THAT(ages(scene_), ElementsAre(1, 3));
    EXPECT_EQ(scene_.master(kFirstMaster).last_age, 3u);

    const auto asked = scene_.times_asked();
    scene_.exited(107, 0);
    scene_.tree().check_ages();
    EXPECT_EQ(scene_.times_asked(), asked);
    scene_.pass(50ms);
    scene_.tree().check_ages();
    EXPECT_EQ(scene_.times_asked(), asked + 1);
}

TEST_F(AgesTest, AWorkerThatIsNotListedYetMakesItAskAgain) {
    start_workers({107});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 4, .ages = {{107, 4}}, .facts = {}});
    scene_.scan();
    scene_.bear(108, kFirstMaster);
    scene_.tree().check_ages();
    EXPECT_THAT(ages(scene_), ElementsAre(4, 5));
    EXPECT_EQ(scene_.master(kFirstMaster).facts().at("age_source"), "arbiter"); // still being asked
    scene_.set_arbiter(kFirstMaster, {.worker_age = 6, .ages = {{107, 4}, {108, 6}}, .facts = {}});
    scene_.pass(20ms);
    scene_.tree().check_ages();
    EXPECT_THAT(ages(scene_), ElementsAre(4, 6));
}

TEST_F(AgesTest, OneThatIsNeverListedDoesNotSpoilTheOthers) {
    start_workers({107, 108});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 7, .ages = {{107, 7}}, .facts = {}});
    scene_.scan();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(scene_.worker(107).age, 1u);
        scene_.pass(20ms);
        scene_.tree().check_ages();
    }
    EXPECT_EQ(scene_.worker(107).age, 7u);
    EXPECT_EQ(scene_.master(kFirstMaster).facts().at("age_source"), "fork_order"); // of the other one
}

// The Arbiter has counted a worker whose fork is reported only now.
TEST_F(AgesTest, AgesGivenOutAheadOfTheRecordAreNotCountedTwice) {
    start_workers({107});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 1, .ages = {{107, 1}}, .facts = {}});
    scene_.scan();
    scene_.pass(30s);
    scene_.set_arbiter(kFirstMaster, {.worker_age = 2, .ages = {{107, 1}, {108, 2}}, .facts = {}});
    scene_.tree().check_ages();
    scene_.hide_arbiter(kFirstMaster);
    scene_.bear(108, kFirstMaster);
    EXPECT_EQ(scene_.worker(108).age, 2u);
    scene_.bear(109, kFirstMaster);
    EXPECT_EQ(scene_.worker(109).age, 3u);
}

// The same for a worker that had ended before the Arbiter was asked.
TEST_F(AgesTest, AWorkerThatDiedAtOnceHasItsOwnAge) {
    start_workers({107});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 1, .ages = {{107, 1}}, .facts = {}});
    scene_.scan();
    scene_.pass(30s);
    scene_.set_arbiter(kFirstMaster, {.worker_age = 2, .ages = {{107, 1}}, .facts = {}});
    scene_.tree().check_ages();
    scene_.hide_arbiter(kFirstMaster);
    scene_.fork_plainly(108, kFirstMaster);
    scene_.forked(108, kFirstMaster);
    scene_.exited(108, 3 << 8);
    scene_.confirm();
    EXPECT_EQ(scene_.worker(108).age, 2u);
}

// … and for one that the Arbiter had listed in between, and has struck off before its end was judged.
TEST_F(AgesTest, AWorkerThatWasStruckOffUnconfirmedHasItsOwnAge) {
    start_workers({107});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 1, .ages = {{107, 1}}, .facts = {}});
    scene_.scan();
    scene_.pass(30s);
    scene_.fork_plainly(108, kFirstMaster);
    scene_.forked(108, kFirstMaster);
    scene_.set_arbiter(kFirstMaster, {.worker_age = 2, .ages = {{107, 1}, {108, 2}}, .facts = {}});
    scene_.tree().check_ages();
    scene_.exited(108, SIGKILL);
    scene_.exited(107, SIGKILL);
    scene_.set_arbiter(kFirstMaster, {.worker_age = 2, .ages = {}, .facts = {}});
    scene_.pass(100ms);
    scene_.tree().check_ages();
    scene_.pass(200ms);
    scene_.confirm();
    ASSERT_TRUE(scene_.has_worker(108));
    EXPECT_EQ(scene_.worker(108).age, 2u);
}

// … but an age that nobody took, since the fork failed, does not stay for ever.
TEST_F(AgesTest, AnAgeThatNobodyTookIsLost) {
    start_workers({107});
    scene_.set_arbiter(kFirstMaster, {.worker_age = 1, .ages = {{107, 1}}, .facts = {}});
    scene_.scan();
    scene_.pass(30s);
    scene_.set_arbiter(kFirstMaster, {.worker_age = 2, .ages = {{107, 1}}, .facts = {}});
    scene_.tree().check_ages();
    scene_.pass(2s);
    scene_.hide_arbiter(kFirstMaster);
    scene_.bear(108, kFirstMaster);
    EXPECT_EQ(scene_.worker(108).age, 3u);
}

TEST_F(AgesTest, PidsAreThoseOfTheMastersNamespace) {
    start_workers({107, 108});
    for (const auto& [outside, inside] : {std::pair{kFirstMaster, 1}, {107, 12}, {108, 13}}) {
        scene_.process(outside).namespace_pids = {outside, inside};
        scene_.show(outside);
    }
    scene_.set_arbiter(kFirstMaster, {.worker_age = 5, .ages = {{12, 4}, {13, 5}}, .facts = {}});
    scene_.scan();
    EXPECT_THAT(ages(scene_), ElementsAre(4, 5));
}

TEST_F(AgesTest, FactsComeFromTheArbiterAndElseFromTheCommandLine) {
    scene_.process(kFirstMaster).command_line = {"/usr/bin/python3", "/usr/bin/gunicorn", "-b", "[::1]:80", "-kgevent"};
    scene_.show(kFirstMaster);
    start_workers({107});
    scene_.scan();
    EXPECT_THAT(scene_.master(kFirstMaster).facts(),
                UnorderedElementsAre(Pair("worker_class", "gevent"), Pair("bind", "[::1]:80"), Pair("app", ""),
                                     Pair("age_source", "fork_order")));
    scene_.set_arbiter(kFirstMaster,
                       {.worker_age = 1,
                        .ages = {{107, 1}},
                        .facts = {{"version", "23.0.0"}, {"python", "3.13.5"}, {"bind", "unix:/s"}, {"app", "shop"}}});
    scene_.pass(30s);
    scene_.tree().check_ages();
    EXPECT_THAT(scene_.master(kFirstMaster).facts(),
                UnorderedElementsAre(Pair("worker_class", "gevent"), Pair("bind", "unix:/s"), Pair("version", "23.0.0"),
                                     Pair("python", "3.13.5"), Pair("app", "shop"), Pair("age_source", "arbiter")));
}

// A name that is only inferred gives way to the Arbiter's as soon as that can be read.
TEST_F(AgesTest, TheApplicationIsInferredFromTheConfigurationFileWhereMemoryCannotBeRead) {
    scene_.process(kFirstMaster).command_line = {"/usr/bin/python3", "/usr/bin/gunicorn", "-b", "[::1]:80"};
    scene_.show(kFirstMaster);
    scene_.files().write(std::to_string(kFirstMaster) + "/environ", "A=1\0");
    scene_.files().write(std::to_string(kFirstMaster) + "/cwd/gunicorn.conf.py", "wsgi_app = 'shop.wsgi:app'\n");
    start_workers({107});
    for (int tries = 0; tries < 4; ++tries) {
        scene_.scan();
        scene_.pass(30s);
    }
    EXPECT_EQ(scene_.master(kFirstMaster).app, "shop.wsgi:app");
    scene_.set_arbiter(kFirstMaster, {.worker_age = 1, .ages = {{107, 1}}, .facts = {{"app", "other:app"}}});
    scene_.scan();
    EXPECT_EQ(scene_.master(kFirstMaster).app, "other:app");
}

TEST(CommandLineFacts, OnlyGunicornsOwnOptions) {
    EXPECT_TRUE(facts_of_command_line({}).empty());
    EXPECT_TRUE(facts_of_command_line({"gunicorn: master [wapp:app]"}).empty());
    EXPECT_TRUE(facts_of_command_line({"python3", "-b", "serve.py", "-k", "x"}).empty());
    EXPECT_THAT(facts_of_command_line({"python3", "-b", "-m", "gunicorn", "--bind=a:1", "-b", "b:2", "-bc:3"}),
                UnorderedElementsAre(Pair("bind", "a:1,b:2,c:3")));
    EXPECT_THAT(facts_of_command_line({"python3", "/usr/bin/gunicorn", "--worker-class", "sync", "--threads=4"}),
                UnorderedElementsAre(Pair("worker_class", "gthread")));
    EXPECT_THAT(facts_of_command_line({"python3", "/x/gunicorn/__main__.py", "-k", "tornado", "-b"}),
                UnorderedElementsAre(Pair("worker_class", "tornado")));
    EXPECT_EQ(without_generation("shop.2", true), "shop");
    EXPECT_EQ(without_generation("shop.2", false), "shop.2");
}

} // namespace
} // namespace gunicorn
