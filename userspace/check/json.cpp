// SPDX-License-Identifier: BSD-2-Clause
#include "check/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace check {

namespace {

using Json = nlohmann::ordered_json;

std::string name_of(Mark mark) { return mark == Mark::fine ? "ok" : mark == Mark::limited ? "limited" : "fatal"; }

// What is not known is null, and never an empty text.
Json known(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

template <typename Value> Json known(const std::optional<Value>& value) { return value ? Json(*value) : Json(nullptr); }

Json machine(const std::vector<Finding>& findings) {
    Json object = Json::object();
    for (const auto& finding : findings)
        object[finding.name] = {
            {"status", name_of(finding.mark)}, {"value", finding.value}, {"effect", known(finding.effect)}};
    return object;
}

Json programs(const std::vector<event::ProgramCheck>& checks) {
    Json list = Json::array();
    for (const auto& check : checks) {
        list.push_back({{"name", check.name},
                        {"group", check.group},
                        {"loaded", check.loaded},
                        {"attached", check.on_its_own ? Json(check.attached) : Json(nullptr)},
                        {"error", known(check.error)}});
    }
    return list;
}

Json workers(const std::vector<WorkerFound>& found) {
    Json list = Json::array();
    for (const auto& worker : found)
        list.push_back({{"pid", worker.pid}, {"id", known(worker.id)}, {"age_source", worker.age_source}});
    return list;
}

Json python(const PythonFound& found) {
    return {{"version", known(found.version)},
            {"path", known(found.path)},
            {"shared_library", known(found.shared_library)},
            {"free_threaded", known(found.free_threaded)},
            {"usdt_probes", known(found.usdt_probes)},
            {"layout", found.layout},
            {"layout_error", known(found.layout_error)}};
}

Json listeners(const std::vector<ListenerFound>& found) {
    Json list = Json::array();
    for (const auto& listener : found)
        list.push_back(
            {{"address", listener.address}, {"limit", known(listener.limit)}, {"waiting", known(listener.waiting)}});
    return list;
}

Json measures(const std::vector<Measure>& found) {
    Json object = Json::object();
    for (const auto& measure : found) {
        using State = Measure::State;
        const auto* state = measure.state == State::yes ? "yes" : measure.state == State::partly ? "partly" : "no";
        auto key = measure.name;
        std::ranges::replace(key, ' ', '_');
        object[key] = {{"measured", state}, {"why", known(measure.why)}};
    }
    return object;
}

Json gunicorn(const GunicornFound& found) {
    return {{"master_pid", found.master_pid},
            {"app", known(found.app)},
            {"version", known(found.version)},
            {"version_source", known(found.version_source)},
            {"worker_class", known(found.worker_class)},
            {"worker_class_source", known(found.worker_class_source)},
            {"workers", workers(found.workers)},
            {"python", python(found.python)},
            {"tls", {{"used", found.tls.used}, {"library", known(found.tls.library)}}},
            {"listeners", listeners(found.listeners)},
            {"labels", Json(found.container)},
            {"measures", measures(found.measures)}};
}

} // namespace

std::string json_of(const Findings& findings) {
    Json gunicorns = Json::array();
    for (const auto& each : findings.gunicorns) gunicorns.push_back(gunicorn(each));
    const Json object = {{"version", findings.version},
                         {"serving", {{"would_work", findings.serving_would_work()}, {"reasons", findings.reasons}}},
                         {"machine", machine(findings.machine)},
                         {"programs", programs(findings.programs)},
                         {"programs_untried", known(findings.programs_untried)},
                         {"gunicorns", gunicorns},
                         {"not_looked_at", findings.unlooked_at}};
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace check
