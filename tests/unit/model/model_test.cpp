// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "model/model.h"
#include "tree_fixture.h"

using namespace std::chrono_literals;

namespace {

using Failed = std::map<model::FailedKey, std::uint64_t>;

event::Responded responded(event::Slot slot, int status, std::string line, pid_t pid) {
    event::Responded event{};
    event.slot = slot;
    event.pid = pid;
    event.status = status;
    event.request_line = std::move(line);
    return event;
}

event::Totals totals(std::map<int, std::uint64_t> responses) {
    event::Totals totals;
    for (const auto& [status, count] : responses) totals.duration.buckets[0] += count;
    totals.responses = std::move(responses);
    totals.connections = {{"http", 1}};
    return totals;
}

class ModelTest : public testing::Test {
protected:
    model::Snapshot snapshot(const std::vector<gunicorn::Master>& masters) {
        return model.snapshot(masters, {unix_time(1100), 100s}, true, {});
    }
    // A model with another setting.
    void use(model::Options options) { model = model::Model(std::move(options)); }

    model::Model model{model::Options{}};
    const std::vector<gunicorn::Master> one{master(100, {worker(101, 1, 1, 5050)})};
};

TEST_F(ModelTest, TypesMadeAtRunTimeAreBounded) {
    model.set_totals(1, totals({{500, 200}}));
    for (int i = 0; i < 200; i++) {
        auto event = responded(1, 500, "GET /a HTTP/1.1", 101);
        event.exception = "Error" + std::to_string(i);
        model.on(event);
    }
    const auto taken = snapshot(one);
    const auto& errors = taken.targets.at(0).workers.at(0).errors;
    EXPECT_EQ(errors.size(), 65u);
    EXPECT_EQ(errors.at({"GET", "/a", "Error63"}), 1u);
    EXPECT_EQ(errors.at({"GET", "/a", "other"}), 136u);
}

TEST_F(ModelTest, MasterIsTheYoungestThatLives) {
    auto old = master(100, {worker(101, 1, 1, 5000)});
    old.start_ticks = 4000;
    auto young = successor(200, 100, {});
    young.start_ticks = 6000;
    model.set_masters({{100, 4000, {.open_fds = 7}}, {200, 6000, {.open_fds = 9}}});
    EXPECT_EQ(snapshot({old}).targets.at(0).master_use.open_fds, 7u);
    EXPECT_EQ(snapshot({old, young}).targets.at(0).master_use.open_fds, 9u);
    young.alive = false;
    EXPECT_EQ(snapshot({old, young}).targets.at(0).master_use.open_fds, 7u);
    old.start_ticks = 4001; // another process of that number
    EXPECT_FALSE(snapshot({old, young}).targets.at(0).master_use.open_fds.has_value());
    old.alive = false;
    EXPECT_FALSE(snapshot({old, young}).targets.at(0).master_use.open_fds.has_value());
}

TEST_F(ModelTest, ProcessorTimeStaysAfterTheEnd) {
    model.set_totals(1, totals({{200, 1}}));
    model.set_sample({.slot = 1, .pid = 101, .cpu_time = model::CpuTime{2s, 1s}});
    model.set_sample({.slot = 1, .pid = 101}); // it could not be read
    const auto time_of = [&](const std::vector<gunicorn::Master>& masters) {
        return snapshot(masters).targets.at(0).workers.at(0).cpu_time;
    };
    ASSERT_TRUE(time_of(one).has_value());
    EXPECT_EQ(time_of(one)->user, 2s);
    EXPECT_EQ(time_of(one)->system, 1s);
    auto ended = one;
    ended[0].workers[0].death = gunicorn::Death{};
    ended[0].workers[0].slot = 0;
    ended[0].workers[0].retained = model.retain(1);
    ASSERT_TRUE(time_of(ended).has_value());
    EXPECT_EQ(time_of(ended)->user, 2s);
}

TEST_F(ModelTest, ProcessorTimeIsNotThatOfAnotherProcessInTheSlot) {
    model.set_sample({.slot = 1, .pid = 101, .cpu_time = model::CpuTime{2s, 1s}});
    snapshot(one);
    const std::vector<gunicorn::Master> other{master(100, {worker(102, 1, 2, 6000)})};
    EXPECT_FALSE(snapshot(other).targets.at(0).workers.at(0).cpu_time.has_value());
    model.set_sample({.slot = 1, .pid = 102});
    EXPECT_FALSE(snapshot(other).targets.at(0).workers.at(0).cpu_time.has_value());
}

TEST_F(ModelTest, AnExceptionInPlaceOfAResponseIsAnErrorAndNothingElse) {
    auto counted = totals({{200, 1}});
    counted.aborted.server = 2;
    model.set_totals(1, counted);
    event::Aborted aborted{.request = responded(1, 0, "POST /pay?x=1 HTTP/1.1", 101), .by = event::Aborted::By::server};
    EXPECT_EQ(model.on(aborted), "");
    aborted.request.by.thread = 101;
    aborted.request.exception = "shop.DatabaseGone";
    EXPECT_EQ(model.on(aborted), "DatabaseGone");
    aborted.request.exception.clear();
    aborted.by_exception = true;
    EXPECT_EQ(model.on(aborted), "");
    const auto taken = snapshot(one);
    const auto& worker = taken.targets.at(0).workers.at(0);
    const std::map<model::ErrorKey, std::uint64_t> errors{{{"POST", "/pay", "DatabaseGone"}, 1},
                                                          {{"POST", "/pay", "unknown"}, 1}};
    EXPECT_EQ(worker.errors, errors);
    EXPECT_TRUE(worker.failed.empty());
    EXPECT_EQ(worker.totals.responses.size(), 1U);
}

// A mounted application has answered; the server logs for which request its exception was.
TEST_F(ModelTest, WhatIsLoggedAfterTheResponseExplainsIt) {
    const event::Execution loop{.thread = 101, .is_main_module = true, .outermost_frame = 1, .context = 0};
    const auto answer = [&](std::string line, std::chrono::milliseconds at) {
        auto event = responded(1, 500, std::move(line), 101);
        event.by = loop;
        event.at = at;
        model.on(event);
    };
    const auto log = [&](std::string path, std::chrono::milliseconds at, std::string logger = "uvicorn.error") {
        event::Logged event{};
        event.slot = 1;
        event.pid = 101;
        event.by = loop;
        event.in_flight = 2;
        event.exception = "shop.Late";
        event.logger = std::move(logger);
        event.arguments = {std::move(path), "GET"};
        event.of_scope = true;
        event.at = at;
        model.on(event);
    };
    const auto shown = [&](event::KernelTime now) {
        return model.snapshot(one, {unix_time(1100), 100s, now}, true, {}).targets.at(0).workers.at(0);
    };
    model.set_totals(1, totals({{500, 4}}));
    answer("GET /shop/a HTTP/1.1", 10ms);
    answer("GET /shop/b?x=1 HTTP/1.1", 11ms);
    answer("POST /shop/a HTTP/1.1", 12ms);
    answer("GET /shop/c HTTP/1.1", 13ms);
    log("/shop/a", 15ms);
    log("/shop/c", 16ms, "shop");
    EXPECT_EQ(shown(900ms).errors, (std::map<model::ErrorKey, std::uint64_t>{{{"GET", "/shop/a", "Late"}, 1}}));
    EXPECT_EQ(shown(900ms).failed.size(), 4U) << "they are failures at once";
    log("/shop/b", 950ms);
    log("/shop/a", 1020ms); // too late, or another request's
    const std::map<model::ErrorKey, std::uint64_t> all{{{"GET", "/shop/a", "Late"}, 1},
                                                       {{"GET", "/shop/b", "Late"}, 1},
                                                       {{"POST", "/shop/a", "unknown"}, 1},
                                                       {{"GET", "/shop/c", "unknown"}, 1}};
    EXPECT_EQ(shown(2000ms).errors, all);
}

TEST_F(ModelTest, WithoutGunicornThereIsNoTarget) {
    EXPECT_TRUE(snapshot({}).targets.empty());
    use({.target_labels = false});
    ASSERT_EQ(snapshot({}).targets.size(), 1u);
}

TEST_F(ModelTest, WorkerHasItsTotalsGaugesAndFailures) {
    model.set_sample({.slot = 1, .use = {.memory_bytes = 52428800, .threads = 3}, .cpu_percent = 2.5});
    model.set_totals(1, totals({{200, 7}, {404, 1}, {500, 1}}));
    model.on(responded(1, 404, "GET /users/7?x HTTP/1.1", 101));
    model.on(responded(1, 500, "POST /data HTTP/1.1", 101));
    model.on(responded(1, 200, "GET / HTTP/1.1", 101));
    model::SelfReport self;
    self.snapshot_time = 3ms;
    const auto taken = model.snapshot(one, {unix_time(1100), 100s}, true, self);
    EXPECT_EQ(taken.taken_at, unix_time(1100));
    EXPECT_TRUE(taken.ready);
    EXPECT_EQ(taken.self.snapshot_time, 3ms);
    ASSERT_EQ(taken.targets.size(), 1u);
    ASSERT_EQ(taken.targets[0].workers.size(), 1u);
    const auto& worker = taken.targets[0].workers[0];
    EXPECT_EQ(worker.id, "worker_1_1050");
    EXPECT_EQ(worker.pid, 101);
    EXPECT_TRUE(worker.counted);
    EXPECT_EQ(worker.totals.requests(), 9u);
    EXPECT_EQ(worker.failed, (Failed{{{"GET", "/users/{id}", 404}, 1}, {{"POST", "/data", 500}, 1}}));
    EXPECT_EQ(worker.errors, (std::map<model::ErrorKey, std::uint64_t>{{{"POST", "/data", "unknown"}, 1}}));
    ASSERT_TRUE(worker.gauges.has_value());
    EXPECT_EQ(worker.gauges->use.memory_bytes, 52428800u);
    EXPECT_EQ(worker.gauges->cpu_percent, 2.5);
    EXPECT_DOUBLE_EQ(worker.gauges->uptime_seconds, 49.5);
    EXPECT_DOUBLE_EQ(worker.gauges->state_since, 1050.5);
}

TEST_F(ModelTest, StatesAreThoseOfTheTree) {
    auto masters = one;
    using Pair = std::pair<gunicorn::State, model::WorkerState>;
    for (const auto& [given, expected] : {Pair{gunicorn::State::running, model::WorkerState::running},
                                          Pair{gunicorn::State::quit, model::WorkerState::quit},
                                          Pair{gunicorn::State::abort, model::WorkerState::abort}}) {
        masters[0].workers[0].state = given;
        EXPECT_EQ(snapshot(masters).targets[0].workers[0].gauges->state, expected);
    }
}

TEST_F(ModelTest, EndedWorkerHasNoGaugesAndKeepsItsCounts) {
    model.set_totals(1, totals({{404, 1}}));
    model.on(responded(1, 404, "GET /a HTTP/1.1", 101));
    snapshot(one);
    auto masters = one;
    masters[0].workers[0].death = gunicorn::Death{unix_time(1090), gunicorn::ExitReason::killed, 9};
    const auto worker = snapshot(masters).targets[0].workers.at(0);
    EXPECT_FALSE(worker.gauges.has_value());
    EXPECT_TRUE(worker.counted);
    EXPECT_EQ(worker.failed.size(), 1u);
}

TEST_F(ModelTest, WorkerWithoutSlotIsListedAndNotCounted) {
    const std::vector masters{master(100, {worker(101, 0, 1, 5050), worker(102, 0, 2, 5050)})};
    model.set_totals(0, totals({{200, 1}}));
    model.on(responded(0, 404, "GET / HTTP/1.1", 101));
    const auto taken = snapshot(masters);
    ASSERT_EQ(taken.targets[0].workers.size(), 2u);
    EXPECT_FALSE(taken.targets[0].workers[0].counted);
    EXPECT_TRUE(taken.targets[0].workers[0].gauges.has_value());
    EXPECT_FALSE(snapshot(one).targets[0].workers[0].counted) << "no totals were read yet";
}

TEST_F(ModelTest, WhatAWorkerDidBeforeItWasRecognisedIsKept) {
    model.set_totals(1, totals({{404, 2}}));
    model.on(responded(1, 404, "GET /early HTTP/1.1", 101));
    EXPECT_TRUE(snapshot({}).targets.empty());
    model.set_totals(1, totals({{404, 2}}));
    model.on(responded(1, 404, "GET /early HTTP/1.1", 101));
    EXPECT_EQ(snapshot(one).targets[0].workers[0].failed, (Failed{{{"GET", "/early", 404}, 2}}));
}

TEST_F(ModelTest, LostRecordsAreOtherAndNothingGoesBack) {
    model.set_totals(1, totals({{404, 3}}));
    model.on(responded(1, 404, "GET /a HTTP/1.1", 101));
    const Failed lost{{{"GET", "/a", 404}, 1}, {{"other", "other", 404}, 2}};
    EXPECT_EQ(snapshot(one).targets[0].workers[0].failed, lost);
    model.on(responded(1, 404, "GET /a HTTP/1.1", 101));
    model.set_totals(1, totals({{404, 3}}));
    EXPECT_EQ(snapshot(one).targets[0].workers[0].failed, lost);
}

TEST_F(ModelTest, OddRequestLinesHaveLabels) {
    model.set_totals(1, totals({{400, 5}}));
    auto cut = responded(1, 400, "GET /" + std::string(443, 'a'), 101);
    cut.request_line_cut = true;
    auto open = responded(1, 400, "GET /ab", 101);
    open.request_line_open = true;
    model.on(cut);
    model.on(open);
    model.on(responded(1, 400, "", 101));
    model.on(responded(1, 400, "nonsense", 101));
    auto lost = responded(1, 400, "", 101);
    lost.request_lost = true;
    model.on(lost);
    EXPECT_EQ(snapshot(one).targets[0].workers[0].failed, (Failed{{{"GET", "other", 400}, 1},
                                                                  {{"GET", "invalid", 400}, 1},
                                                                  {{"invalid", "invalid", 400}, 2},
                                                                  {{"other", "other", 400}, 1}}));
}

TEST_F(ModelTest, RecordsOfAnEarlierOwnerOfTheSlotAreIgnored) {
    model.set_totals(1, totals({{404, 1}}));
    model.on(responded(1, 404, "GET /mine HTTP/1.1", 101));
    snapshot(one);
    model.forget(1);
    model.on(responded(1, 404, "GET /straggler HTTP/1.1", 101));
    const std::vector masters{master(100, {worker(201, 1, 2, 9000)})};
    model.set_totals(1, totals({{404, 1}}));
    model.on(responded(1, 404, "GET /new HTTP/1.1", 201));
    EXPECT_EQ(snapshot(masters).targets[0].workers[0].failed, (Failed{{{"GET", "/new", 404}, 1}}));
    model.on(responded(1, 404, "GET /straggler HTTP/1.1", 101));
    model.set_totals(1, totals({{404, 2}}));
    model.on(responded(1, 404, "GET /new HTTP/1.1", 201));
    EXPECT_EQ(snapshot(masters).targets[0].workers[0].failed, (Failed{{{"GET", "/new", 404}, 2}}));
}

TEST_F(ModelTest, StragglerBeforeTheTreeKnowsTheNewOwner) {
    model.on(responded(1, 404, "GET /straggler HTTP/1.1", 55));
    model.set_totals(1, totals({{404, 0}}));
    snapshot(one);
    model.set_totals(1, totals({{404, 1}}));
    model.on(responded(1, 404, "GET /a HTTP/1.1", 101));
    EXPECT_EQ(snapshot(one).targets[0].workers[0].failed, (Failed{{{"GET", "/a", 404}, 1}}));
}

TEST_F(ModelTest, EndpointsAreLimitedForTheTargetNotForTheWorker) {
    use({.endpoint_limit = 2});
    const std::vector masters{master(100, {worker(101, 1, 1, 5000), worker(102, 2, 2, 5000)})};
    snapshot(masters);
    for (const event::Slot slot : {1u, 2u}) {
        model.set_totals(slot, totals({{404, 0}}));
        snapshot(masters);
        model.set_totals(slot, totals({{404, 2}}));
        for (const char* path : {"/a", "/b"})
            model.on(responded(slot, 404, std::string("GET ") + path + std::to_string(slot) + "x HTTP/1.1",
                               static_cast<pid_t>(100 + slot)));
    }
    const auto target = snapshot(masters).targets[0];
    EXPECT_EQ(target.workers[0].failed, (Failed{{{"GET", "/a1x", 404}, 1}, {{"GET", "/b1x", 404}, 1}}));
    EXPECT_EQ(target.workers[1].failed, (Failed{{{"GET", "other", 404}, 2}}));
    EXPECT_EQ(target.refused_endpoints, 2u);
}

TEST_F(ModelTest, LimitHoldsForWorkersThatWereNotRecognisedYet) {
    use({.endpoint_limit = 2});
    for (const event::Slot slot : {1u, 2u}) {
        model.set_totals(slot, totals({{404, 3}}));
        for (const char* path : {"/a", "/b", "/c"})
            model.on(responded(slot, 404, std::string("GET ") + path + std::to_string(slot) + "x HTTP/1.1",
                               static_cast<pid_t>(100 + slot)));
    }
    const std::vector masters{master(100, {worker(101, 1, 1, 5000), worker(102, 2, 2, 5000)})};
    const auto target = snapshot(masters).targets[0];
    std::set<std::string> endpoints;
    for (const auto& worker : target.workers)
        for (const auto& [key, count] : worker.failed) endpoints.insert(key.endpoint);
    EXPECT_EQ(endpoints, (std::set<std::string>{"/a1x", "/b1x", "other"}));
    EXPECT_EQ(target.refused_endpoints, 4u);
}

TEST_F(ModelTest, WhatIsRetainedOutlivesTheSlot) {
    model.set_totals(1, totals({{200, 5}, {404, 1}}));
    model.on(responded(1, 404, "GET /a HTTP/1.1", 101)); // not published before the slot is released
    const auto retained = model.retain(1);
    auto dead = worker(101, 0, 1, 5050);
    dead.retained = retained;
    dead.death = gunicorn::Death{unix_time(1090), gunicorn::ExitReason::killed, 9};
    const std::vector masters{master(100, {dead, worker(201, 1, 2, 9000)})};
    model.set_totals(1, totals({{200, 7}}));
    const auto workers = snapshot(masters).targets[0].workers;
    EXPECT_EQ(workers.at(0).totals.requests(), 6u);
    EXPECT_EQ(workers.at(0).failed, (Failed{{{"GET", "/a", 404}, 1}}));
    EXPECT_EQ(workers.at(1).totals.requests(), 7u);
    model.forget(retained);
    EXPECT_FALSE(snapshot(masters).targets[0].workers.at(0).counted);
    EXPECT_EQ(snapshot(masters).targets[0].workers.at(1).totals.requests(), 7u);
    EXPECT_EQ(model.retain(33), 0u) << "nothing is known of it";
}

TEST_F(ModelTest, ForgottenWorkersMakeRoomForEndpoints) {
    use({.endpoint_limit = 1});
    std::vector masters{master(100, {worker(101, 1, 1, 5000), worker(102, 2, 2, 5000)})};
    model.set_totals(1, totals({{404, 1}}));
    model.on(responded(1, 404, "GET /a HTTP/1.1", 101));
    model.set_totals(2, totals({}));
    snapshot(masters);
    masters[0].workers.erase(masters[0].workers.begin());
    model.snapshot(masters, {unix_time(1500), 500s}, true, {}); // what it has shown is no longer recent
    model.forget(1);
    model.on(responded(2, 404, "GET /b HTTP/1.1", 102));
    model.set_totals(2, totals({{404, 1}}));
    EXPECT_EQ(snapshot(masters).targets[0].workers.at(0).failed, (Failed{{{"GET", "/b", 404}, 1}}));
}

TEST_F(ModelTest, AFloodOfPathsGivesTwoHundredSeries) {
    snapshot(one);
    for (int i = 0; i < 200'000; ++i) model.on(responded(1, 404, "GET /p" + std::to_string(i) + "x HTTP/1.1", 101));
    model.set_totals(1, totals({{404, 200'000}}));
    const auto target = snapshot(one).targets[0];
    EXPECT_EQ(target.workers[0].failed.size(), 201u);
    EXPECT_EQ(target.workers[0].failed.at({"GET", "other", 404}), 199'800u);
    EXPECT_EQ(target.refused_endpoints, 199'800u);
}

TEST_F(ModelTest, SuccessorsWorkersAreOfTheSameTargetWithUniqueIds) {
    const std::vector masters{master(100, {worker(101, 1, 1, 5050)}), successor(200, 100, {worker(201, 2, 1, 5090)})};
    for (const bool labels : {true, false}) {
        use({.target_labels = labels});
        const auto taken = snapshot(masters);
        ASSERT_EQ(taken.targets.size(), 1u);
        EXPECT_EQ(taken.targets[0].labels.empty(), !labels);
        ASSERT_EQ(taken.targets[0].workers.size(), 2u);
        EXPECT_EQ(taken.targets[0].workers[0].id, "worker_1_1050");
        EXPECT_EQ(taken.targets[0].workers[1].id, "worker_1_1051");
    }
}

TEST_F(ModelTest, WorkerThatIsListedTwiceIsOneSeries) {
    const std::vector masters{master(100, {worker(101, 1, 1, 5050)}), successor(200, 100, {worker(101, 1, 1, 5050)})};
    EXPECT_EQ(snapshot(masters).targets.at(0).workers.size(), 1u);
}

} // namespace
