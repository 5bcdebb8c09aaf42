// SPDX-License-Identifier: BSD-2-Clause
#include "trace/json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "clocks.h"
#include "trace/parts.h"
#include "trace/stack_text.h"

namespace trace {

namespace {

using Object = nlohmann::ordered_json; // fields in the order of the documentation

std::string rfc3339(std::chrono::system_clock::time_point at) {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch());
    const auto whole = std::chrono::floor<std::chrono::seconds>(micros);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(static_cast<std::time_t>(whole.count())),
                       (micros - whole).count());
}

Object name_of(EndedBy by) {
    switch (by) {
    case EndedBy::client:
        return "client";
    case EndedBy::server:
        return "server";
    case EndedBy::worker_exit:
        return "worker_exit";
    case EndedBy::nobody:
        break;
    }
    return nullptr;
}

void add_time(Object& object, const event::Breakdown& time) {
    object["accept_queue_seconds"] = time.accept_queue ? Object(seconds(*time.accept_queue)) : Object(nullptr);
    object["thread_queue_seconds"] = time.parts ? Object(seconds(time.thread_queue)) : Object(nullptr);
    for (const auto& part : kParts) {
        const bool is_known = time.parts && (part.member != &event::Parts::gc || time.gc_known);
        object[std::string(part.field)] = is_known ? Object(seconds((*time.parts).*part.member)) : Object(nullptr);
    }
    auto sockets = Object::array();
    for (const auto& peer : time.peers) sockets.push_back({{"peer", peer.peer}, {"seconds", seconds(peer.waited)}});
    object["sockets"] = time.parts ? sockets : Object(nullptr);
}

} // namespace

std::string json_of(const Request& request) {
    Object object;
    object["time"] = rfc3339(request.at);
    object["worker"] = request.worker;
    object["pid"] = request.pid;
    object["master_pid"] = request.master;
    object["method"] = request.method;
    object["path"] = request.path;
    object["endpoint"] = request.endpoint;
    object["status"] = request.status != 0 ? Object(request.status) : Object(nullptr);
    object["exception"] = request.exception.empty() ? Object(nullptr) : Object(request.exception);
    object["incomplete"] = request.ended_by != EndedBy::nobody;
    object["ended_by"] = name_of(request.ended_by);
    object["duration_seconds"] = seconds(request.duration);
    add_time(object, request.time);
    object["shared"] = request.shared;
    if (request.stacks) object.update(stacks_json(*request.stacks, stack_of(request)));
    return object.dump(-1, ' ', false, Object::error_handler_t::replace);
}

} // namespace trace
