// SPDX-License-Identifier: BSD-2-Clause
#include "report/recording.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "clocks.h"
#include "trace/json.h"

namespace report {

namespace {

using Object = nlohmann::ordered_json; // fields in the order of the documentation

double unix_seconds(Columns::Time time) { return seconds(time.time_since_epoch()); }

template <typename Value> Object or_null(const std::optional<Value>& value) {
    return value ? Object(*value) : Object(nullptr);
}

void add_quantiles(Object& object, const trace::Quantiles& durations) {
    object["p50_seconds"] = seconds(durations.at(0.5));
    object["p95_seconds"] = seconds(durations.at(0.95));
    object["p99_seconds"] = seconds(durations.at(0.99));
    object["max_seconds"] = seconds(durations.at(1));
}

// Each place once, wherever stacks go through it: of hundreds of stacks most frames are the same.
class Frames {
public:
    Object indexes_of(const stacks::Stack& stack) {
        auto indexes = Object::array();
        for (const auto& place : stack) {
            const auto [found, is_new] = indexes_.try_emplace(place, list_.size());
            if (is_new) list_.push_back({{"function", place.function}, {"file", place.file}, {"line", place.line}});
            indexes.push_back(found->second);
        }
        return indexes;
    }
    const Object& list() const { return list_; }

private:
    std::map<stacks::Place, std::size_t> indexes_;
    Object list_ = Object::array();
};

// Stacks in which the thread was in that state, the most frequent first.
Object stacks_in(const stacks::Profile& profile, stacks::State state, Frames& frames) {
    auto list = Object::array();
    for (const auto& [stack, counts] : profile.stacks())
        if (counts.of(state)) list.push_back({{"frames", frames.indexes_of(stack)}, {"samples", counts.of(state)}});
    std::stable_sort(list.begin(), list.end(),
                     [](const Object& one, const Object& other) { return one["samples"] > other["samples"]; });
    return list;
}

Object stacks_of(const stacks::Profile& profile, Frames& frames) {
    Object object;
    object["samples"] = profile.counts().total();
    for (const auto state : {stacks::State::kWaiting, stacks::State::kRunning})
        object[std::string(stacks::kStateNames[static_cast<std::size_t>(state)])] = stacks_in(profile, state, frames);
    auto rejected = Object::object();
    for (std::size_t i = 0; i < stacks::kRejectionNames.size(); i++)
        rejected[std::string(stacks::kRejectionNames[i])] = profile.rejections().counts[i];
    object["rejected"] = rejected;
    return object;
}

// Of one request: all states in one list.
Object request_stacks(const stacks::Profile& profile, Frames& frames) {
    auto list = Object::array();
    for (const auto state : {stacks::State::kWaiting, stacks::State::kRunning}) {
        for (auto& stack : stacks_in(profile, state, frames)) {
            stack["state"] = stacks::kStateNames[static_cast<std::size_t>(state)];
            list.push_back(stack);
        }
    }
    std::stable_sort(list.begin(), list.end(),
                     [](const Object& one, const Object& other) { return one["samples"] > other["samples"]; });
    return list;
}

Object slowest_of(const Requests& requests, Frames& frames) {
    auto list = Object::array();
    for (const auto& request : requests.slowest()) {
        auto object = Object::parse(trace::json_of(request));
        object["stacks"] = request.stacks ? request_stacks(*request.stacks, frames) : Object::array();
        list.push_back(object);
    }
    return list;
}

Object routes_of(const Requests& requests) {
    auto list = Object::array();
    for (const auto& [key, route] : requests.routes()) {
        Object object{{"method", key.first}, {"endpoint", key.second}, {"requests", route.durations.count()}};
        object["failed"] = route.failed;
        add_quantiles(object, route.durations);
        object["buckets"] = route.buckets;
        object["divided_seconds"] = seconds(route.divided);
        for (std::size_t i = 0; i < trace::kParts.size(); i++)
            object[std::string(trace::kParts[i].field)] = seconds(route.parts[i]);
        list.push_back(object);
    }
    std::stable_sort(list.begin(), list.end(), [](const Object& one, const Object& other) {
        return one["divided_seconds"] > other["divided_seconds"];
    });
    return list;
}

Object errors_of(const Requests& requests) {
    auto list = Object::array();
    for (const auto& [key, count] : requests.errors()) {
        const auto& [type, method, endpoint] = key;
        list.push_back({{"error_type", type}, {"method", method}, {"endpoint", endpoint}, {"requests", count}});
    }
    return list;
}

Object failed_of(const Requests& requests) {
    auto list = Object::array();
    for (const auto& [key, count] : requests.failed_by_route()) {
        const auto& [status, method, endpoint] = key;
        list.push_back({{"status", status}, {"method", method}, {"endpoint", endpoint}, {"requests", count}});
    }
    return list;
}

Object peers_of(const Requests& requests) {
    auto list = Object::array();
    for (const auto& [peer, waited] : requests.peers()) list.push_back({{"peer", peer}, {"seconds", seconds(waited)}});
    std::stable_sort(list.begin(), list.end(),
                     [](const Object& one, const Object& other) { return one["seconds"] > other["seconds"]; });
    return list;
}

// One value for each column; what there is none for is null.
template <typename Values, typename Value> Object series(const Values& values, std::size_t columns, Value value) {
    auto list = Object::array();
    for (std::size_t i = 0; i < columns; i++) list.push_back(i < values.size() ? value(values[i]) : Object(nullptr));
    return list;
}

Object workers_of(const Timeline& timeline, std::size_t columns) {
    auto list = Object::array();
    for (const auto& worker : timeline.workers()) {
        Object object{{"worker_id", worker.id}, {"pid", worker.pid}};
        const auto of = [&](auto value) { return series(worker.moments, columns, value); };
        object["state"] = of(
            [](const WorkerMoment& at) -> Object { return at.state ? Object(model::name_of(*at.state)) : Object(); });
        object["busy"] = of([](const WorkerMoment& at) { return or_null(at.busy); });
        object["cpu_percent"] = of([](const WorkerMoment& at) { return or_null(at.cpu_percent); });
        object["memory_bytes"] = of([](const WorkerMoment& at) { return or_null(at.memory_bytes); });
        list.push_back(object);
    }
    return list;
}

Object listeners_of(const Timeline& timeline, std::size_t columns) {
    auto list = Object::array();
    for (const auto& [name, listener] : timeline.listeners()) {
        list.push_back(
            {{"listener", name},
             {"limit", listener.limit},
             {"waiting", series(listener.waiting, columns, [](const auto& value) { return or_null(value); })}});
    }
    return list;
}

Object targets_of(const Timeline& timeline) {
    auto list = Object::array();
    for (const auto& [pid, facts] : timeline.targets()) list.push_back({{"master_pid", pid}, {"facts", facts}});
    return list;
}

// What a reader has to know before believing the rest.
Object notices_of(const Recording& recording) {
    auto list = Object::array();
    if (recording.requests.any_shared())
        list.push_back("Some workers serve several requests in one thread: the parts of such a request are what the "
                       "thread did meanwhile, for whichever of them.");
    for (const auto& [reason, count] : recording.lost)
        if (count) list.push_back("The kernel side gave up " + std::to_string(count) + " times: " + reason + ".");
    if (recording.requests.left_out())
        list.push_back(std::to_string(recording.requests.left_out()) +
                       " further errors or peers had no room in the tables.");
    return list;
}

void add_columns(Object& object, const Recording& recording, std::size_t columns) {
    const auto& by_time = recording.requests.columns();
    const auto width = static_cast<double>(recording.columns.width().count());
    const Column nothing;
    const auto at = [&](std::size_t i) -> const Column& { return i < by_time.size() ? by_time[i] : nothing; };
    auto times = Object::array();
    auto heat = Object::array();
    auto all = Object::array();
    auto failed = Object::array();
    for (std::size_t i = 0; i < columns; i++) {
        const auto& durations = at(i).durations;
        times.push_back(unix_seconds(recording.columns.began()) + static_cast<double>(i) * width);
        heat.push_back(durations);
        all.push_back(static_cast<double>(std::accumulate(durations.begin(), durations.end(), std::uint64_t{0})) /
                      width);
        failed.push_back(static_cast<double>(at(i).failed) / width);
    }
    object["times"] = times;
    object["heatmap"] = {{"column_seconds", recording.columns.width().count()},
                         {"bounds", event::kDurationBoundsSeconds},
                         {"columns", heat}};
    object["rates"] = {{"requests", all}, {"failed", failed}};
    const auto counts = [&](std::uint64_t WorkersMoment::* member) {
        return series(recording.timeline.counts(), columns, [&](const std::optional<WorkersMoment>& moment) {
            return moment ? Object((*moment).*member) : Object(nullptr);
        });
    };
    object["busy_workers"] = {{"busy", counts(&WorkersMoment::busy)}, {"all", counts(&WorkersMoment::all)}};
}

} // namespace

std::string to_json(const Recording& recording, const Origin& origin, Columns::Time ended) {
    const auto& requests = recording.requests;
    // Half a column at the end has no snapshot of its own yet.
    const auto columns = recording.columns.until(ended - std::chrono::milliseconds(1));
    Object object;
    object["exporter"] = {{"version", origin.version}, {"host", origin.host}, {"kernel", origin.kernel}};
    object["began"] = unix_seconds(recording.columns.began());
    object["duration_seconds"] = seconds(ended - recording.columns.began());
    object["notices"] = notices_of(recording);
    object["targets"] = targets_of(recording.timeline);
    object["requests"] = {{"ended", requests.ended()}, {"failed", requests.failed()}};
    add_quantiles(object["requests"], requests.durations());
    add_columns(object, recording, columns);
    object["listeners"] = listeners_of(recording.timeline, columns);
    Frames frames;
    object["slowest"] = slowest_of(requests, frames);
    object["routes"] = routes_of(requests);
    object["stacks"] = stacks_of(recording.profile, frames);
    object["frames"] = frames.list();
    object["errors"] = errors_of(requests);
    object["failed"] = failed_of(requests);
    object["peers"] = peers_of(requests);
    object["workers"] = workers_of(recording.timeline, columns);
    return object.dump(-1, ' ', false, Object::error_handler_t::replace);
}

} // namespace report
