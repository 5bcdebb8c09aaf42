// SPDX-License-Identifier: BSD-2-Clause
#include "live/live_json.h"

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "clocks.h"

namespace live {
namespace {

using Json = nlohmann::json;

// Every worker of a target has the same few labels: they are sent once, and workers refer to them.
template <typename Key> class Table {
public:
    std::size_t index(const Key& key) { return indexes_.try_emplace(key, indexes_.size()).first->second; }

    template <typename Describe> Json rows(const Describe& describe) const {
        Json::array_t rows(indexes_.size());
        for (const auto& [key, index] : indexes_) rows[index] = describe(key);
        return rows;
    }

private:
    std::map<Key, std::size_t> indexes_;
};

struct Tables {
    Table<model::FailedKey> failed;
    Table<model::ErrorKey> errors;
};

template <typename Key> Json counted(const std::map<Key, std::uint64_t>& counts, Table<Key>& table) {
    Json::array_t pairs;
    for (const auto& [key, count] : counts) pairs.push_back({table.index(key), count});
    return pairs;
}

void add_gauges(Json& json, const model::WorkerGauges& gauges) {
    json["state"] = model::name_of(gauges.state);
    json["uptime"] = gauges.uptime_seconds;
    if (gauges.use.memory_bytes) json["memory"] = *gauges.use.memory_bytes;
    if (gauges.cpu_percent) json["cpu"] = *gauges.cpu_percent;
    if (gauges.use.threads) json["threads"] = *gauges.use.threads;
    if (gauges.heartbeat_age) json["heartbeat"] = seconds(*gauges.heartbeat_age);
}

void add_counts(Json& json, const model::Worker& worker, const model::Measured& measured, Tables& tables) {
    const auto& totals = worker.totals;
    json["requests"] = totals.requests();
    json["durations"] = totals.duration.buckets;
    json["responses"] = Json::object();
    for (const auto& [status, count] : totals.responses) json["responses"][std::to_string(status)] = count;
    json["aborted"] = totals.aborted.client + totals.aborted.server + totals.aborted.worker_exit;
    json["failed"] = counted(worker.failed, tables.failed);
    json["errors"] = counted(worker.errors, tables.errors);
    if (measured.waits) {
        json["accept_waits"] = totals.accept_waits.buckets;
        json["read_waits"] = totals.read_waits.buckets;
    }
    if (!measured.activity) return;
    json["busy"] = seconds(totals.activity.busy);
    if (!worker.gauges) return;
    json["in_flight"] = totals.activity.in_flight;
    json["is_busy"] = totals.activity.is_busy();
    json["streams"] = totals.activity.open_streams;
    json["websockets"] = totals.activity.websockets;
    json["open"] = totals.activity.open_connections;
}

Json worker_of(const model::Worker& worker, const model::Measured& measured, Tables& tables) {
    Json json = {{"id", worker.id}, {"pid", worker.pid}, {"alive", worker.gauges.has_value()}};
    if (worker.gauges) add_gauges(json, *worker.gauges);
    if (worker.counted) add_counts(json, worker, measured, tables);
    return json;
}

Json target_of(const model::Target& target, const model::Measured& measured) {
    Json json = {{"master_pid", target.master_pid},
                 {"alive", target.alive},
                 {"facts", target.facts},
                 {"restarts", target.restarts},
                 {"spawns", target.spawns},
                 {"exits", target.exits},
                 {"refused_endpoints", target.refused_endpoints}};
    json["labels"] = Json::object();
    for (const auto& [name, value] : target.labels) json["labels"][name] = value;
    json["listeners"] = Json::array();
    if (measured.backlog)
        for (const auto& [name, listener] : target.listeners)
            json["listeners"].push_back({{"name", name},
                                         {"waiting", listener.waiting},
                                         {"limit", listener.limit},
                                         {"dropped", listener.dropped}});
    Tables tables;
    json["workers"] = Json::array();
    for (const auto& worker : target.workers) json["workers"].push_back(worker_of(worker, measured, tables));
    json["failed_keys"] = tables.failed.rows(
        [](const model::FailedKey& key) { return Json::array({key.method, key.endpoint, key.status}); });
    json["error_keys"] = tables.errors.rows(
        [](const model::ErrorKey& key) { return Json::array({key.method, key.endpoint, key.error_type}); });
    return json;
}

Json self_of(const model::SelfReport& self) {
    Json json = {{"events_lost", self.events_lost}, {"snapshot_seconds", seconds(self.snapshot_time)}};
    json["programs"] = Json::object();
    for (const auto& program : self.programs) json["programs"][program.name] = program.attached;
    json["maps"] = Json::array();
    for (const auto& map : self.maps)
        json["maps"].push_back({{"name", map.name}, {"entries", map.entries}, {"capacity", map.capacity}});
    json["pythons"] = Json::array();
    for (const auto& [python, count] : self.pythons)
        json["pythons"].push_back({{"version", python.version}, {"layout", python.layout}, {"masters", count}});
    return json;
}

} // namespace

std::string to_json(const model::Snapshot& snapshot, const Exporter& exporter) {
    const auto& measured = snapshot.measured;
    Json json = {
        {"version", exporter.version},
        {"instance", exporter.instance},
        {"time", std::chrono::duration<double>(snapshot.taken_at.time_since_epoch()).count()},
        {"ready", snapshot.ready},
        {"measured", {{"activity", measured.activity}, {"waits", measured.waits}, {"backlog", measured.backlog}}},
        {"bounds", event::kDurationBoundsSeconds},
        {"self", self_of(snapshot.self)}};
    json["targets"] = Json::array();
    for (const auto& target : snapshot.targets) json["targets"].push_back(target_of(target, measured));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace live
