// SPDX-License-Identifier: BSD-2-Clause
#include "model/model.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "clocks.h"
#include "http/uwsgi_packet.h"
#include "model/error_type.h"

namespace model {
namespace {

WorkerState state_of(gunicorn::State state) {
    switch (state) {
    case gunicorn::State::quit:
        return WorkerState::quit;
    case gunicorn::State::abort:
        return WorkerState::abort;
    case gunicorn::State::running:
        break;
    }
    return WorkerState::running;
}

// What was kept of a path that is too long for an endpoint.
std::string path_of(const event::Responded& event, const http::RequestLine& line) {
    if (line.path || event.uwsgi) return line.path.value_or("");
    return http::parse_request_line(event.request_line, http::LineState::whole).path.value_or("");
}

} // namespace

http::RequestLine request_line_of(const event::Responded& event) {
    const auto state = event.request_line_open  ? http::LineState::open
                       : event.request_line_cut ? http::LineState::cut
                                                : http::LineState::whole;
    if (event.request_lost) return {.method = std::string(http::kOther), .path = std::string(http::kOther)};
    if (event.uwsgi) return http::parse_uwsgi_packet(event.request_line, state);
    return http::parse_request_line(event.request_line, state);
}

Model::Model(Options options)
    : options_(std::move(options)),
      targets_(options_.target_labels, options_.endpoint_limit, options_.endpoints.routes()) {}

http::EndpointLimit& Model::limit_of(Observed& observed) {
    if (auto* history = observed.target ? targets_.find(*observed.target) : nullptr) return history->endpoints();
    if (!observed.limit) observed.limit.emplace(options_.endpoint_limit, options_.endpoints.routes());
    return *observed.limit;
}

// Types can be made at run time, one for each request: what is beyond the limit is one more.
std::string Model::admit_error(Observed& observed, std::string type) {
    constexpr std::size_t kMaxErrorTypes = 64; // per worker
    if (type.empty() || observed.error_types.contains(type)) return type;
    if (observed.error_types.size() >= kMaxErrorTypes) return std::string(http::kOther);
    observed.error_types.insert(type);
    return type;
}

// Null: the record is of a process that had the slot before.
Model::Observed* Model::observed_of(event::Slot slot, pid_t pid) {
    auto& observed = observed_[slot];
    if (observed.pid == pid) return &observed;
    if (observed.target) return nullptr;
    observed.answers.drop_unpublished();
    observed.matcher = {};
    observed.unexplained = {};
    observed.routes = {};
    observed.error_types.clear();
    observed.pid = pid;
    return &observed;
}

Model::Observed* Model::observed_of(const gunicorn::Worker& worker) {
    const auto known = worker.slot != 0 ? worker.slot : worker.retained;
    const auto found = observed_.find(known);
    return known == 0 || found == observed_.end() ? nullptr : &found->second;
}

void Model::on(const event::Logged& event) {
    if (event.slot == 0) return;
    auto* observed = observed_of(event.slot, event.pid);
    if (observed == nullptr || !ExceptionMatcher::is_of_a_request(event)) return;
    const bool explains_earlier = ExceptionMatcher::is_of_server(event) && !observed->matcher.may_be_an_echo(event);
    const auto response = explains_earlier ? observed->unexplained.take(event) : std::nullopt;
    if (response)
        add_error(*observed, *response, plain_name(event.exception));
    else
        observed->matcher.add(event);
}

// The response itself is counted already, as a failure.
void Model::add_error(Observed& observed, const Unexplained::Response& response, std::string type) {
    observed.answers.add({kUnanswered, response.method, response.endpoint, admit_error(observed, std::move(type))});
}

std::string Model::on(const event::Responded& event) {
    if (event.slot == 0) return {};
    auto* observed = observed_of(event.slot, event.pid);
    if (observed == nullptr) return {};
    const auto line = request_line_of(event);
    const auto cause = observed->matcher.of(event, line.method, path_of(event, line));
    auto type = error_type_of(event.status, cause, event.raised == event::Responded::Raised::nothing);
    if (event.status < 400 && type.empty() && !options_.measured.routes) return type;
    const auto endpoint = options_.endpoints.endpoint_of(line.path.value_or(std::string(http::kOther)));
    const std::string admitted(limit_of(*observed).admit(endpoint));
    if (options_.measured.routes) observed->routes.add({{line.method, admitted}, event.status, event.duration});
    if (event.status >= 400 || !type.empty()) {
        const bool may_be_explained =
            cause.empty() && type == kUnknownError &&
            observed->unexplained.add(event, {event.by, event.at, line.method,
                                              request_path(path_of(event, line), event.request_line_cut), admitted});
        const auto label = may_be_explained ? std::string() : admit_error(*observed, type);
        observed->answers.add({event.status, line.method, admitted, label});
    }
    return cause.empty() ? std::string() : type;
}

// In no count of a status: it is published as it is.
std::string Model::on(const event::Aborted& event) {
    if (event.request.slot == 0 || event.by == event::Aborted::By::worker_exit) return {};
    auto* observed = observed_of(event.request.slot, event.request.pid);
    if (observed == nullptr) return {};
    const auto line = request_line_of(event.request);
    const auto cause = observed->matcher.of(event, line.method, path_of(event.request, line));
    if (!cause) return {};
    const auto endpoint = options_.endpoints.endpoint_of(line.path.value_or(std::string(http::kOther)));
    const std::string admitted(limit_of(*observed).admit(endpoint));
    const auto type = cause->empty() ? std::string(kUnknownError) : plain_name(*cause);
    observed->answers.add({kUnanswered, line.method, admitted, admit_error(*observed, type)});
    return cause->empty() ? std::string() : type;
}

RouteKey Model::route_of(const event::Responded& event) const {
    const auto line = request_line_of(event);
    return {line.method, options_.endpoints.endpoint_of(line.path.value_or(std::string(http::kOther)))};
}

void Model::set_totals(event::Slot slot, event::Totals totals) {
    if (slot == 0) return;
    auto& observed = observed_[slot];
    observed.answers.set_counted(totals.responses);
    observed.totals = std::move(totals);
}

void Model::set_sample(const Sample& sample) {
    if (sample.slot == 0) return;
    auto& observed = observed_[sample.slot];
    if (sample.cpu_time || observed.sample.pid != sample.pid) observed.cpu_time = sample.cpu_time;
    observed.sample = sample;
}

// With what explains failures: they may not have been published since.
std::uint64_t Model::retain(event::Slot slot) {
    auto known = observed_.extract(slot);
    if (known.empty()) return 0;
    known.key() = ++last_retained_;
    observed_.insert(std::move(known));
    return last_retained_;
}

// Endpoints that only this worker had make room for others.
void Model::forget(std::uint64_t known) {
    const auto found = observed_.find(known);
    if (found == observed_.end()) return;
    const auto target = found->second.target;
    auto* history = target ? targets_.find(*target) : nullptr;
    if (history != nullptr && found->second.totals) {
        found->second.routes.publish(*found->second.totals, history->routes());
        settle(found->second, *history, event::KernelTime::max());
    }
    observed_.erase(found);
    if (history == nullptr) return;
    history->answers().forget_before(now_ - options_.retention);
    std::set<std::string_view> in_use;
    history->answers().collect_endpoints(in_use);
    for (const auto& [key, route] : history->routes()) in_use.insert(key.endpoint);
    for (const auto& [other, observed] : observed_)
        if (observed.target == target) observed.answers.collect_endpoints(in_use);
    history->endpoints().keep_only(in_use);
}

// The worker is in the tree for the first time: its records so far come under its target's limit.
void Model::adopt(Observed& observed, const gunicorn::Worker& worker, const TargetGroups::Group& group) {
    if (observed.target == group.key && observed.pid == worker.pid) return;
    if (observed.pid != worker.pid) {
        observed.answers.drop_unpublished();
        observed.routes = {};
    }
    observed.pid = worker.pid;
    observed.target = group.key;
    auto& limit = group.history->endpoints();
    if (observed.limit) limit.add_refused(observed.limit->refused());
    observed.limit.reset();
    observed.answers.rename_unpublished(
        [&](std::string_view endpoint, std::uint64_t times) { return limit.admit(endpoint, times); });
    observed.routes.rename_unpublished([&](std::string_view endpoint) { return limit.admit(endpoint, 1); });
}

WorkerGauges Model::gauges_of(const gunicorn::Worker& worker, const Observed* observed, Moment now) const {
    WorkerGauges gauges;
    gauges.state = state_of(worker.state);
    gauges.state_since = seconds(worker.state_since.time_since_epoch());
    const auto born = static_cast<double>(worker.start_ticks) / static_cast<double>(options_.clock_ticks_per_second);
    gauges.uptime_seconds = std::max(0.0, seconds(now.since_boot) - born);
    if (observed != nullptr) {
        gauges.use = observed->sample.use;
        gauges.cpu_percent = observed->sample.cpu_percent;
    }
    if (const auto age = heartbeats_.find(worker.slot); age != heartbeats_.end()) gauges.heartbeat_age = age->second;
    return gauges;
}

// What is known of its failures now, and what nothing has explained in time, enters the counts.
void Model::settle(Observed& observed, TargetHistory& history, event::KernelTime now) {
    for (const auto& response : observed.unexplained.take_expired(now))
        add_error(observed, response, std::string(kUnknownError));
    observed.answers.publish();
    history.answers().add(observed.answers.take_growth(), now_);
}

Worker Model::describe(const gunicorn::Worker& worker, const TargetGroups::Group& group, Moment now) {
    Worker described;
    described.id = group.history->id_of(worker);
    described.pid = worker.pid;
    auto* observed = observed_of(worker);
    if (!worker.death) described.gauges = gauges_of(worker, observed, now);
    if (observed == nullptr) return described;
    adopt(*observed, worker, group);
    if (observed->sample.pid == worker.pid) described.cpu_time = observed->cpu_time;
    if (!observed->totals) return described;
    settle(*observed, *group.history, now.kernel);
    if (options_.measured.routes) observed->routes.publish(*observed->totals, group.history->routes());
    described.counted = true;
    described.totals = *observed->totals;
    described.failed = observed->answers.failed();
    described.errors = observed->answers.errors();
    return described;
}

void Model::settle_routes(const std::vector<gunicorn::Master>& masters) {
    for (const auto& group : targets_.update(masters)) {
        for (const auto* master : group.masters) {
            for (const auto& worker : master->workers) {
                auto* observed = observed_of(worker);
                if (observed == nullptr) continue;
                adopt(*observed, worker, group);
                if (observed->totals) observed->routes.publish(*observed->totals, group.history->routes());
            }
        }
    }
}

// A socket that two masters of a target hold is one.
void Model::add_listeners(Target& target, const TargetGroups::Group& group) const {
    auto& drops = group.history->drops();
    std::set<std::uint64_t> seen;
    for (const auto& reading : listeners_) {
        const auto is_its = [&](const auto* master) { return master->alive && master->pid == reading.master; };
        if (std::ranges::none_of(group.masters, is_its) || !seen.insert(reading.inode).second) continue;
        auto& listener = target.listeners[reading.name];
        listener.waiting += reading.state.waiting;
        listener.limit += reading.state.limit;
        drops.take(reading.name, reading.inode, static_cast<std::uint32_t>(reading.state.dropped));
    }
    drops.end_look();
    for (auto& [name, listener] : target.listeners) listener.dropped = drops.total(name);
}

ProcessUse Model::use_of_master(const Masters& masters) const {
    const auto* master = youngest_alive(masters);
    if (master == nullptr) return {};
    const auto sample = std::ranges::find_if(masters_, [&](const MasterSample& each) {
        return each.pid == master->pid && each.start_ticks == master->start_ticks;
    });
    return sample == masters_.end() ? ProcessUse{} : sample->use;
}

Snapshot Model::snapshot(const std::vector<gunicorn::Master>& masters, Moment now, bool ready, SelfReport self) {
    Snapshot snapshot;
    now_ = now.since_boot;
    snapshot.taken_at = now.wall;
    snapshot.measured = options_.measured;
    snapshot.ready = ready;
    snapshot.self = std::move(self);
    for (const auto& group : targets_.update(masters)) {
        std::vector<Worker> workers;
        std::set<std::string> ids; // a worker that two masters claim is listed once: an id names one series
        for (const auto* master : group.masters)
            for (const auto& worker : master->workers)
                if (ids.insert(group.history->id_of(worker)).second) workers.push_back(describe(worker, group, now));
        snapshot.targets.push_back(
            group.history->target(now_ - options_.retention)); // after its workers: they count refused endpoints
        snapshot.targets.back().workers = std::move(workers);
        snapshot.targets.back().master_use = use_of_master(group.masters);
        for (const auto* master : group.masters)
            if (master->alive) snapshot.targets.back().masters.push_back(master->pid);
        add_listeners(snapshot.targets.back(), group);
    }
    return snapshot;
}

} // namespace model
