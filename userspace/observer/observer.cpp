// SPDX-License-Identifier: BSD-2-Clause
#include "observer/observer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "clocks.h"
#include "gunicorn/resolve_pid.h"
#include "gunicorn/worker_class.h"
#include "observer/proxy_lines.h"

namespace observer {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// The kernel's events carry CLOCK_MONOTONIC; people want to read the time of day.
system_clock::time_point wall_at(event::KernelTime time) {
    const auto ago = monotonic_time() - time;
    return system_clock::now() - std::chrono::duration_cast<system_clock::duration>(ago);
}

probe::Options probe_options(const procfs::ProcFs& proc, const Options& options) {
    probe::Options result;
    result.max_processes = options.max_processes;
    result.max_connections = options.max_connections;
    if (const auto pid_max = proc.pid_max()) result.pid_max = static_cast<std::uint32_t>(*pid_max);
    result.candidates = options.pids.empty() ? probe::Candidates::everybody : probe::Candidates::children_of_masters;
    result.every_response = options.measured.routes;
    // Ten thousand responses a second fill the usual one in a sixth of a second: on a machine that is short of CPU time
    // we may have to wait for longer.
    if (options.measured.routes || options.on_request) result.ring_bytes = 16 * 1024 * 1024;
    result.trace = static_cast<bool>(options.on_request);
    result.groups = {.activity = options.measured.activity,
                     .waits = options.measured.waits,
                     .backlog = options.measured.backlog,
                     .sizes = options.measured.sizes,
                     .exceptions = options.exceptions,
                     .collector = options.collector,
                     .unlogged = options.exceptions && options.unlogged_exceptions,
                     .imports = options.imports};
    return result;
}

model::Options model_options(const Options& options) {
    return {.target_labels = options.pids.size() != 1,
            .endpoints = options.endpoints,
            .endpoint_limit = options.endpoint_limit,
            .retention = options.retention,
            .clock_ticks_per_second = static_cast<long>(procfs::ProcFs::ticks_per_second()),
            .measured = options.measured};
}

} // namespace

Result<std::unique_ptr<Observer>> Observer::start(const procfs::ProcFs& proc, Options options) {
    TRY(auto masters, gunicorn::resolve_pids(proc, options.pids));
    TRY(auto probe, probe::Probe::load(probe_options(proc, options)));
    std::unique_ptr<Observer> observer(new Observer(proc, std::move(options), std::move(masters), std::move(probe)));
    observer->apply(observer->tree_.scan());
    // Once more: a worker that was forked before its master had its slot was not reported.
    observer->apply(observer->tree_.scan());
    observer->tell_concurrency();
    observer->sample();
    return observer;
}

Observer::Observer(const procfs::ProcFs& proc, Options options, std::vector<pid_t> masters,
                   std::unique_ptr<probe::Probe> probe)
    : proc_(proc), options_(std::move(options)), probe_(std::move(probe)),
      tree_(
          proc_, {.only = std::move(masters), .retention = options_.retention, .log_directory = options_.log_directory},
          [] { return system_clock::now(); }, wall_at),
      model_(model_options(options_)), sampler_(proc_, monotonic_time), own_process_(proc_),
      heartbeats_(proc_, [] { return system_clock::now(); }), layouts_(proc_),
      traces_(options_.on_request, wall_at, [this](pid_t master) { return python_probes_.of(master).collections; }),
      python_probes_(proc_, *probe_,
                     {.raises = options_.exceptions && options_.unlogged_exceptions,
                      .collections = options_.collector,
                      .imports = options_.imports}) {}

void Observer::drain_records() {
    probe_->end_closed_connections();
    // Collected first: carrying out what an event asks for may produce further records.
    std::vector<event::Event> events;
    probe_->drain([&](event::Event event) { events.push_back(std::move(event)); });
    std::map<event::Slot, event::KernelTime> ended;
    for (const auto& each : events)
        if (const auto* exited = std::get_if<event::Exited>(&each)) ended[exited->slot] = exited->at;
    probe_->end_connections(ended);
    for (auto& each : events) restore_proxy_line(each, tree_.masters());
    for (const auto& each : events) handle(each);
}

void Observer::handle(const event::Event& event) {
    if (const auto* responded = std::get_if<event::Responded>(&event)) model_.on(*responded);
    if (const auto* logged = std::get_if<event::Logged>(&event)) model_.on(*logged);
    if (const auto* traced = std::get_if<event::Traced>(&event)) traces_.take(*traced, count(*traced));
    if (const auto* aborted = std::get_if<event::Aborted>(&event)) {
        count(*aborted);
        log_aborted(*aborted);
    }
    if (const auto* exited = std::get_if<event::Exited>(&event)) {
        auto whole = *exited;
        const auto totals = probe_->totals(exited->slot);
        whole.served =
            totals && std::ranges::any_of(totals->connections, [](const auto& kind) { return kind.second != 0; });
        apply(tree_.on(whole));
        return;
    }
    apply(tree_.on(event));
}

std::string Observer::count(const event::Traced& traced) {
    if (!traced.unanswered || !traced.by) return model_.on(traced.request);
    return count(event::Aborted{traced.request, *traced.by, traced.by_exception});
}

// A worker that stops ends requests itself: gevent kills their greenlets, which shows nowhere else.
std::string Observer::count(event::Aborted aborted) {
    const auto* worker = tree_.worker_of_slot(aborted.request.slot);
    if (worker != nullptr && worker->state != gunicorn::State::running) aborted.by_exception = false;
    return model_.on(aborted);
}

// What a worker was doing when it died is what people look for next.
void Observer::log_aborted(const event::Aborted& aborted) const {
    if (aborted.by != event::Aborted::By::worker_exit) return;
    const auto* worker = tree_.worker_of_slot(aborted.request.slot);
    if (worker == nullptr) return;
    const auto route = model_.route_of(aborted.request);
    const auto seconds = std::chrono::duration<double>(aborted.request.duration).count();
    spdlog::warn("{} (pid {}) ended{} with a request in flight for {:.3f} s: {} {}", worker->id(), worker->pid,
                 worker->death ? fmt::format(" ({})", gunicorn::name_of(worker->death->reason)) : "", seconds,
                 route.method, route.endpoint);
}

void Observer::drain() {
    if (options_.measured.routes) {
        read_totals();
        drain_records();
        model_.settle_routes(tree_.masters());
    } else {
        drain_records();
    }
    if (tree_.has_provisional()) apply(tree_.confirm());
    tree_.check_ages();
    warn_of_ranked_ages();
    tell_concurrency();
    forward_traces();
    release_departed();
}

void Observer::forward_traces() {
    if (traces_) traces_.forward(tree_, options_.endpoints, monotonic_time());
}

// Once for each master: it is in gunicorn_info all the time.
void Observer::warn_of_ranked_ages() {
    for (const auto& master : tree_.masters()) {
        if (!master.alive || master.arbiter_unreadable.empty() || master.age_check.failures != 0) continue;
        if (!warned_of_.insert(master.pid).second) continue;
        spdlog::warn("master {}: the ages of its workers go by the order of their forks, since its Arbiter cannot be "
                     "read: {}",
                     master.pid, master.arbiter_unreadable);
    }
}

void Observer::tell_concurrency() {
    for (const auto& master : tree_.masters()) {
        if (!master.alive || !master.slot) continue;
        const std::pair now{master.pid, gunicorn::concurrency_of(master)};
        auto& told = told_[master.slot];
        if (told == now) continue;
        probe_->set_concurrency(master.slot, now.second);
        told = now;
    }
}

void Observer::apply(const std::vector<gunicorn::Request>& requests) {
    for (const auto& request : requests) {
        switch (request.kind) {
        case gunicorn::Request::Kind::observe_master:
            observe_master(request.pid, request.slot);
            break;
        case gunicorn::Request::Kind::observe_worker:
            observe_worker(request.pid, request.parent);
            break;
        case gunicorn::Request::Kind::release:
            depart(request.slot, request.pid);
            break;
        case gunicorn::Request::Kind::forget:
            model_.forget(request.retained);
            break;
        }
    }
}

void Observer::observe_master(pid_t pid, event::Slot candidate) {
    const auto slot = probe_->observe_master(pid, candidate);
    tree_.assign_slot(pid, slot);
    told_.erase(slot);
    if (!slot) {
        spdlog::warn("master {}: no room to observe it; raise --max-processes", pid);
        return;
    }
    add_listeners(pid, slot);
    read_python(pid, slot);
}

void Observer::read_python(pid_t master, event::Slot slot) {
    // Attached first: nothing is missed from the moment at which the kernel knows the layout.
    const auto attached = python_probes_.attach(master);
    if (const auto python = layouts_.read(master))
        probe_->set_python(slot, *python->layout, python->first_thread_at, python->ambient_exception, attached.raises);
}

void Observer::add_listeners(pid_t master, event::Slot slot) {
    const auto facts = facts_of_master(master);
    for (const auto& socket : gunicorn::listening_sockets(proc_, master))
        if (gunicorn::serves_application(socket.name, facts)) note_listener(socket, slot);
}

gunicorn::Facts Observer::facts_of_master(pid_t pid) const {
    const auto master = std::ranges::find_if(
        tree_.masters(), [&](const gunicorn::Master& each) { return each.alive && each.pid == pid; });
    return master == tree_.masters().end() ? gunicorn::Facts{} : master->facts();
}

event::Slot Observer::slot_of_master(pid_t pid) const {
    for (const auto& master : tree_.masters()) {
        if (master.alive && master.pid == pid) return master.slot;
    }
    return 0;
}

void Observer::observe_worker(pid_t pid, pid_t parent) {
    // Observed first, its connections listed second: what is accepted in between is seen by the kernel, and a
    // connection that is known already is not adopted again.
    const auto slot = probe_->observe_worker(pid, slot_of_master(parent));
    tree_.assign_slot(pid, slot);
    if (!slot) return; // counted
    const auto listeners = gunicorn::listeners_of_worker(proc_, pid, parent);
    if (listeners.own) {
        for (const auto& socket : listeners.sockets) note_listener(socket, slot);
    }
    for (const auto& connection : gunicorn::open_connections(proc_, pid, listeners.sockets))
        probe_->adopt_connection(slot, connection.fd, connection.inode);
}

void Observer::sample() {
    const auto begun = steady_clock::now();
    for (const auto& sample : sampler_.sample(tree_.masters())) model_.set_sample(sample);
    model_.set_masters(sampler_.masters());
    sampling_time_ = steady_clock::now() - begun;
}

void Observer::sample_new() {
    for (const auto& sample : sampler_.sample_new(tree_.masters())) model_.set_sample(sample);
    model_.set_masters(sampler_.masters());
}

void Observer::tidy() {
    apply(tree_.scan());
    apply(tree_.forget_dead());
    layouts_.keep_only(tree_.masters());
    python_probes_.keep_only(tree_.masters());
    for (const auto pid : layouts_.unsettled(tree_.masters())) read_python(pid, slot_of_master(pid));
    probe_->forget_stale_arrivals();
    losses_.log_new(events_lost());
}

std::map<std::string, std::uint64_t> Observer::events_lost() const {
    auto lost = probe_->events_lost();
    lost["dead_workers_dropped"] = tree_.dropped();
    lost["traces_dropped"] = traces_.dropped();
    return lost;
}

void Observer::read_totals() {
    for (const auto& master : tree_.masters()) {
        for (const auto& worker : master.workers) {
            if (worker.slot) read_totals(worker.slot, master.pid, worker.start_ticks);
        }
    }
}

// A worker that cannot be read right now keeps what it had: late rather than torn.
void Observer::read_totals(event::Slot slot, pid_t master, std::uint64_t start_ticks) {
    auto totals = probe_->totals(slot, monotonic_time());
    if (!totals) return;
    const auto probes = python_probes_.of(master);
    if (probes.collections) totals->collections = probe_->collections(slot);
    if (probes.imports) totals->imports = probe_->imports(slot, python_probes_.since_birth(master, start_ticks));
    model_.set_totals(slot, std::move(*totals));
}

void Observer::note_listener(const gunicorn::ListeningSocket& socket, event::Slot owner) {
    probe_->add_listener(socket.inode, owner); // counts what it refuses
    listener_names_[socket.inode] = socket.name;
}

// The process in a slot and its master, which may be the same.
std::optional<Observer::Holder> Observer::holder_of(event::Slot slot) const {
    for (const auto& master : tree_.masters()) {
        if (!master.alive) continue;
        if (master.slot == slot) return Holder{master.pid, master.pid};
        for (const auto& worker : master.workers)
            if (worker.slot == slot && !worker.death) return Holder{worker.pid, master.pid};
    }
    return std::nullopt;
}

// A socket that was opened after its process was looked at: a worker's own (--reuse-port), say.
const std::string& Observer::listener_name(std::uint64_t inode, pid_t holder) {
    constexpr std::size_t kManyNames = 4096; // of sockets that are long gone, mostly
    if (listener_names_.size() > kManyNames) listener_names_.clear();
    const auto known = listener_names_.find(inode);
    if (known != listener_names_.end()) return known->second;
    for (auto& socket : gunicorn::listening_sockets(proc_, holder)) listener_names_[socket.inode] = socket.name;
    return listener_names_[inode];
}

void Observer::read_listeners() {
    std::vector<model::ListenerReading> readings;
    for (const auto& state : probe_->listeners()) {
        const auto holder = holder_of(state.slot);
        if (!holder) continue;
        const auto& name = listener_name(state.inode, holder->pid);
        if (name.empty()) continue; // closed meanwhile
        if (!gunicorn::serves_application(name, facts_of_master(holder->master))) continue;
        readings.push_back({holder->master, state.inode, name, {state.waiting, state.limit, state.dropped}});
    }
    model_.set_listeners(std::move(readings));
}

model::Snapshot Observer::snapshot() {
    const auto begun = steady_clock::now();
    drain();
    // In this order each count finds the record that explains it: the kernel writes the record first.
    read_totals();
    drain_records();
    if (options_.measured.backlog) read_listeners();
    // Now and not with the other samples: a reading that is seconds old would make a worker look stuck.
    model_.set_heartbeats(heartbeats_.ages(tree_.masters()));

    auto report = probe_->report();
    model::SelfReport self{.programs = std::move(report.programs),
                           .maps = std::move(report.maps),
                           .events_lost = events_lost(),
                           .resynchronized = probe_->resynchronized(),
                           .pythons = layouts_.uses(),
                           .python_probes = python_probes_.uses(),
                           .snapshot_time = {},
                           .sampling_time = sampling_time_,
                           .process = own_process_.read()};
    self.snapshot_time = steady_clock::now() - begun;
    return model_.snapshot(tree_.masters(), {system_clock::now(), time_since_boot(), monotonic_time()}, !targets_gone(),
                           std::move(self));
}

bool Observer::has_targets() const {
    return std::ranges::any_of(tree_.masters(), [](const gunicorn::Master& master) { return master.alive; });
}

bool Observer::targets_gone() const {
    if (options_.pids.empty()) return false;
    return !has_targets();
}

} // namespace observer
