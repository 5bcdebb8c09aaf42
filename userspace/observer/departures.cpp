// SPDX-License-Identifier: BSD-2-Clause
// From the kernel's tables to the model: what has ended makes room there for what lives.
#include <chrono>
#include <future>
#include <map>
#include <utility>
#include <vector>

#include "observer/observer.h"

namespace observer {

namespace {

std::vector<probe::Probe::Held> held(const std::map<event::Slot, pid_t>& processes) {
    std::vector<probe::Probe::Held> held;
    for (const auto& [slot, pid] : processes) held.push_back({slot, pid});
    return held;
}

} // namespace

void Observer::depart(event::Slot slot, pid_t pid) {
    if (slot == 0 || leaving_.contains(slot)) return;
    if (departed_.empty()) departed_since_ = std::chrono::steady_clock::now();
    departed_.emplace(slot, pid);
}

// The kernel is waited for in another thread, since here processes are being born, and for all of a moment together.
void Observer::release_departed() {
    constexpr std::size_t kMany = 64;
    constexpr std::chrono::milliseconds kSoon{50};
    apply(tree_.departed());
    if (programs_ended_.valid()) {
        if (programs_ended_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
        programs_ended_.get();
        give_back_slots();
    }
    if (departed_.empty()) return;
    if (departed_.size() < kMany && std::chrono::steady_clock::now() - departed_since_ < kSoon) return;
    leaving_ = std::exchange(departed_, {});
    probe_->detach(held(leaving_));
    programs_ended_ = std::async(std::launch::async, probe::Probe::wait_for_programs);
}

void Observer::give_back_slots() {
    probe_->give_back(held(leaving_), [this] {
        for (const auto& [slot, pid] : leaving_) last_totals(slot);
        drain_records();
        forward_traces();
        for (const auto& [slot, pid] : leaving_) retain(slot);
    });
    leaving_.clear();
    apply(tree_.forget_dead());
}

// Totals first, records second, as for a snapshot.
void Observer::last_totals(event::Slot slot) {
    const auto* master = tree_.master_of_slot(slot);
    if (master != nullptr)
        read_totals(slot, master->pid, tree_.worker_of_slot(slot)->start_ticks);
    else if (options_.measured.routes)
        read_totals(slot, 0); // of a worker that was forgotten already: its routes go on
}

// What is of no worker is not kept.
void Observer::retain(event::Slot slot) {
    const auto retained = model_.retain(slot);
    if (!tree_.retain(slot, retained)) model_.forget(retained);
}

} // namespace observer
