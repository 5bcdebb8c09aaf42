// SPDX-License-Identifier: BSD-2-Clause
// Traced requests on their way to the sink: they are described once their worker is known.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "event/event.h"
#include "gunicorn/process_tree.h"
#include "http/endpoint.h"
#include "trace/request.h"

namespace observer {

class Traces {
public:
    using WallAt = std::function<std::chrono::system_clock::time_point(event::KernelTime)>;
    using Sink = std::function<void(const trace::Request&)>;

    // Whether the garbage collector of a master's Python is observed.
    using SeesCollector = std::function<bool(pid_t master)>;

    // An empty sink: traces are off.
    Traces(Sink sink, WallAt wall_at, SeesCollector sees_collector)
        : sink_(std::move(sink)), wall_at_(std::move(wall_at)), sees_collector_(std::move(sees_collector)) {}

    explicit operator bool() const { return static_cast<bool>(sink_); }
    // `exception`: the type of the one behind it, empty if there is none.
    void take(const event::Traced& traced, std::string exception);
    // Hands on, in their order, those whose worker is in the tree. A process that is not recognised as a worker within
    // a few seconds is none: its requests are dropped. `now`: when this is.
    void forward(const gunicorn::ProcessTree& tree, const http::EndpointFolding& endpoints, event::KernelTime now);
    // Requests for which there was no room.
    std::uint64_t dropped() const { return dropped_; }

private:
    struct Waiting {
        event::Traced traced;
        std::string exception;
    };

    void forward(const Waiting& waiting, const gunicorn::Master& master, const gunicorn::Worker& worker,
                 const http::EndpointFolding& endpoints) const;

    Sink sink_;
    WallAt wall_at_;
    SeesCollector sees_collector_;
    std::deque<Waiting> waiting_;
    std::uint64_t dropped_ = 0;
};

} // namespace observer
