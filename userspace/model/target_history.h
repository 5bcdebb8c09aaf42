// SPDX-License-Identifier: BSD-2-Clause
// What a target keeps while its masters come and go: its name, the ids of its workers and counts that never decrease.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gunicorn/process_tree.h"
#include "http/endpoint_limit.h"
#include "model/listener_drops.h"
#include "model/shown_answers.h"
#include "model/snapshot.h"

namespace model {

// The masters of one target at one moment.
using Masters = std::vector<const gunicorn::Master*>;

// The master that workers come from, while a successor (USR2) takes over. Null: none lives.
const gunicorn::Master* youngest_alive(const Masters& masters);

class TargetHistory {
public:
    using Labels = std::vector<std::pair<std::string, std::string>>;

    TargetHistory(pid_t first_master, Labels labels, http::EndpointLimit endpoints);

    // Takes up what happened since the last call.
    void update(const Masters& masters);

    // worker_<age>_<start>, unique within the target and the same for as long as the worker is known. Where two
    // workers of one target (of a master and its successor) have the same age and start, the one that started later
    // has its start raised by 1 until it is unique. Only for workers of the last update().
    const std::string& id_of(const gunicorn::Worker& worker) const;

    // A target with everything but its workers. `recent`: since boot; what has grown since then is recent.
    Target target(std::chrono::nanoseconds recent = {}) const;

    http::EndpointLimit& endpoints() { return endpoints_; }
    std::map<RouteKey, Route>& routes() { return routes_; }
    ListenerDrops& drops() { return drops_; }
    ShownAnswers& answers() { return answers_; }

private:
    struct Counts {
        std::uint64_t restarts = 0;
        std::uint64_t spawns = 0;
        std::array<std::uint64_t, gunicorn::kExitReasons> exits{};
    };

    struct Process { // a pid alone may be used again, and a worker that died at once has no known start
        pid_t pid;
        std::uint64_t start_ticks;
        std::uint32_t age;
        auto operator<=>(const Process&) const = default;
    };

    static Process process_of(const gunicorn::Worker& worker) { return {worker.pid, worker.start_ticks, worker.age}; }
    void take_facts(const Masters& masters);
    void add_growth(const Masters& masters);
    void name_workers(const Masters& masters);

    pid_t first_master_;
    Labels labels_;
    http::EndpointLimit endpoints_;
    std::map<RouteKey, Route> routes_;
    ListenerDrops drops_;
    ShownAnswers answers_;
    bool alive_ = false;
    gunicorn::Facts facts_;
    Counts total_;
    std::map<pid_t, Counts> last_; // by master
    std::map<Process, std::string> ids_;
};

} // namespace model
