// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "trace/stack_text.h"

namespace trace {
namespace {

using nlohmann::json;
using stacks::Profile;
using stacks::Rejection;
using stacks::Stack;
using stacks::State;

const Stack kPay{{"<module>", "/srv/shop.py", 9}, {"Shop.pay", "/srv/shop.py", 42}};
const Stack kShip{{"<module>", "/srv/shop.py", 9}, {"ship", "/srv/ship.py", 7}};

void add(Profile& profile, const Stack& stack, State state, int times) {
    for (int i = 0; i < times; i++) profile.add({stack, state});
}

Profile seven_samples() {
    Profile profile;
    add(profile, kShip, State::kRunning, 2);
    add(profile, kPay, State::kWaiting, 4);
    add(profile, kPay, State::kRunning, 1);
    return profile;
}

TEST(StackText, IsTheMostFrequentStackTheInnermostPlaceFirst) {
    EXPECT_EQ(stacks_text(seven_samples(), StackOf::request), "             5 of 7 samples (4 waiting, 1 running)\n"
                                                              "               Shop.pay (/srv/shop.py:42)\n"
                                                              "               <module> (/srv/shop.py:9)\n");
}

TEST(StackText, TheStateThatWasSeenMoreOftenComesFirst) {
    auto profile = seven_samples();
    add(profile, kPay, State::kRunning, 4);
    EXPECT_TRUE(stacks_text(profile, StackOf::request).contains("9 of 11 samples (5 running, 4 waiting)\n"));
    Profile waiting;
    add(waiting, kPay, State::kWaiting, 3);
    EXPECT_TRUE(stacks_text(waiting, StackOf::request).contains("3 of 3 samples (3 waiting)\n"));
    Profile running;
    add(running, kPay, State::kRunning, 3);
    EXPECT_TRUE(stacks_text(running, StackOf::request).contains("3 of 3 samples (3 running)\n"));
}

TEST(StackText, SaysThatItIsTheThreadS) {
    EXPECT_TRUE(
        stacks_text(seven_samples(), StackOf::thread).contains("running), of the thread, not this request alone\n"));
}

TEST(StackText, LooksWithoutAStackAreCountedAndNamed) {
    auto profile = seven_samples();
    profile.add(Rejection::kMoved);
    profile.add(Rejection::kMoved);
    profile.add(Rejection::kNoPython);
    EXPECT_TRUE(stacks_text(profile, StackOf::request)
                    .contains("5 of 10 samples (4 waiting, 1 running); without a stack: 2 moved, 1 no_python\n"));
}

TEST(StackText, OfNoStackItSaysWhy) {
    Profile profile;
    EXPECT_EQ(stacks_text(profile, StackOf::request), "") << "it was never looked at";
    profile.add(Rejection::kEnded);
    EXPECT_EQ(stacks_text(profile, StackOf::request), "             no stack: 1 ended\n");
}

Stack of_depth(int places) {
    Stack stack;
    for (int i = 1; i <= places; i++) stack.push_back({std::string("f").append(std::to_string(i)), "deep.py", i});
    return stack;
}

TEST(StackText, OfADeepStackTheOuterPlacesAreLeftOut) {
    Profile eight;
    eight.add({of_depth(8), State::kRunning});
    EXPECT_FALSE(stacks_text(eight, StackOf::request).contains("outer"));
    EXPECT_TRUE(stacks_text(eight, StackOf::request).ends_with("  f1 (deep.py:1)\n"));
    Profile eleven;
    eleven.add({of_depth(11), State::kRunning});
    const auto text = stacks_text(eleven, StackOf::request);
    EXPECT_TRUE(text.contains("               f11 (deep.py:11)\n")) << text;
    EXPECT_TRUE(text.ends_with("               f4 (deep.py:4)\n               ... 3 outer ones\n")) << text;
    EXPECT_FALSE(text.contains("f3 ")) << text;
}

TEST(StackText, HostileNamesStayOnTheirLine) {
    Profile profile;
    profile.add({{{"pay\x1b[31m\n5 of 5 samples", "/srv/a\rb.py", 1}}, State::kRunning});
    EXPECT_EQ(stacks_text(profile, StackOf::request),
              "             1 of 1 samples (1 running)\n"
              "               pay\\x1b[31m\\x0a5 of 5 samples (/srv/a\\x0db.py:1)\n");
}

TEST(StackJson, HasTheStacksTheMostFrequentFirst) {
    auto profile = seven_samples();
    profile.add({kShip, State::kWaiting, true});
    profile.add(Rejection::kTooDeep);
    const json object = stacks_json(profile, StackOf::request);
    EXPECT_EQ(object["stack_of"], "request");
    EXPECT_EQ(object["samples"], json::parse(R"({"running": 3, "waiting": 5, "cut": 1,
        "rejected": {"moved": 0, "malformed": 0, "unreadable": 0, "too_deep": 1, "no_python": 0, "ended": 0}})"));
    EXPECT_EQ(object["stacks"], json::parse(R"([
        {"frames": [{"function": "<module>", "file": "/srv/shop.py", "line": 9},
                    {"function": "Shop.pay", "file": "/srv/shop.py", "line": 42}], "running": 1, "waiting": 4},
        {"frames": [{"function": "<module>", "file": "/srv/shop.py", "line": 9},
                    {"function": "ship", "file": "/srv/ship.py", "line": 7}], "running": 2, "waiting": 1}])"));
    EXPECT_EQ(stacks_json(profile, StackOf::thread)["stack_of"], "thread");
}

TEST(StackJson, HasTheTenMostFrequentAndTheCountsOfAll) {
    Profile profile;
    for (int line = 1; line <= 30; line++) add(profile, {{"f", "app.py", line}}, State::kRunning, line);
    const json object = stacks_json(profile, StackOf::request);
    ASSERT_EQ(object["stacks"].size(), 10u);
    for (int i = 0; i < 10; i++) EXPECT_EQ(object["stacks"][static_cast<std::size_t>(i)]["running"], 30 - i);
    EXPECT_EQ(object["samples"]["running"], 30 * 31 / 2);
}

TEST(StackJson, OfNoSampleHasEmptyLists) {
    const json object = stacks_json(Profile(), StackOf::request);
    EXPECT_EQ(object["stacks"], json::array());
    EXPECT_EQ(object["samples"]["waiting"], 0);
}

TEST(StackOfRequest, IsTheThreadSWhereItServesSeveral) {
    EXPECT_EQ(stack_of(Request{}), StackOf::request);
    EXPECT_EQ(stack_of(Request{.shared = true}), StackOf::thread);
}

TEST(SamplingText, SaysWhatWasSampledAndWhatWasNot) {
    EXPECT_EQ(sampling_text(seven_samples()), "stacks: 7 samples (4 waiting, 3 running)\n");
    Profile all(1);
    add(all, kPay, State::kRunning, 2);
    all.add({kPay, State::kWaiting, true});
    all.add({kShip, State::kWaiting});
    all.add(Rejection::kUnreadable);
    EXPECT_EQ(sampling_text(all),
              "stacks: 4 samples (2 running, 2 waiting), 1 without what was called too shortly to be "
              "read; without a stack: 1 unreadable; beyond the number of different stacks: 1\n");
}

} // namespace
} // namespace trace
