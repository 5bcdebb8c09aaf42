// SPDX-License-Identifier: BSD-2-Clause
#include "observer/traces.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "gunicorn/worker_class.h"
#include "http/request_line.h"
#include "model/model.h"

namespace observer {

namespace {

using std::chrono_literals::operator""s;

constexpr auto kRecognitionTakes = 5s;
// More than a burst of a new Gunicorn's before its workers are known; what is beyond belongs to other processes.
constexpr std::size_t kMaxWaiting = 10'000;

trace::EndedBy ended_by(const event::Traced& traced) {
    if (!traced.by) return trace::EndedBy::nobody;
    switch (*traced.by) {
    case event::Aborted::By::client:
        return trace::EndedBy::client;
    case event::Aborted::By::server:
        return trace::EndedBy::server;
    case event::Aborted::By::worker_exit:
        break;
    }
    return trace::EndedBy::worker_exit;
}

// A line that is longer than what the kernel keeps is there with its beginning.
std::string path_of(const event::Responded& request, const http::RequestLine& line) {
    if (line.path) return *line.path;
    const auto beginning = http::parse_request_line(request.request_line, http::LineState::whole);
    return beginning.path.value_or(std::string(http::kOther)) + "...";
}

} // namespace

void Traces::take(const event::Traced& traced, std::string exception) {
    if (waiting_.size() < kMaxWaiting)
        waiting_.push_back({traced, std::move(exception)});
    else
        dropped_++;
}

void Traces::forward(const gunicorn::ProcessTree& tree, const http::EndpointFolding& endpoints, event::KernelTime now) {
    std::deque<Waiting> unknown;
    for (auto& each : std::exchange(waiting_, {})) {
        const auto slot = each.traced.request.slot;
        const auto* master = tree.master_of_slot(slot);
        // A slot may have been given to another process since.
        if (master != nullptr && tree.worker_of_slot(slot)->pid == each.traced.request.pid)
            forward(each, *master, *tree.worker_of_slot(slot), endpoints);
        else if (now - each.traced.request.at < kRecognitionTakes)
            unknown.push_back(std::move(each));
    }
    waiting_ = std::move(unknown);
}

void Traces::forward(const Waiting& waiting, const gunicorn::Master& master, const gunicorn::Worker& worker,
                     const http::EndpointFolding& endpoints) const {
    const auto& request = waiting.traced.request;
    const auto line = model::request_line_of(request);
    const auto facts = master.facts();
    const auto worker_class = facts.find("worker_class");
    trace::Request shown;
    shown.at = wall_at_(request.at);
    shown.ended = request.at;
    shown.worker = worker.id();
    shown.pid = request.pid;
    shown.master = master.pid;
    shown.method = line.method;
    shown.path = path_of(request, line);
    shown.endpoint = endpoints.endpoint_of(line.path.value_or(std::string(http::kOther)));
    shown.status = request.status;
    shown.exception = waiting.exception;
    shown.ended_by = ended_by(waiting.traced);
    shown.duration = request.duration;
    shown.time = waiting.traced.time;
    shown.time.gc_known = sees_collector_(master.pid);
    shown.shared = shown.time.interleaved || shown.time.moved ||
                   (worker_class != facts.end() && gunicorn::is_event_loop(worker_class->second));
    sink_(shown);
}

} // namespace observer
