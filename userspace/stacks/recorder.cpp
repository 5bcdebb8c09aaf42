// SPDX-License-Identifier: BSD-2-Clause
// Samples of many threads, kept until it is known which of them were of a slow request.
#include "stacks/recorder.h"

#include <algorithm>
#include <utility>

namespace stacks {

Recorder::Recorder(const procfs::ProcFs& proc, std::function<Time()> clock) : proc_{proc}, clock_{std::move(clock)} {}

Reader* Recorder::reader_of(pid_t pid, Time now) {
    auto& process = processes_[pid];
    if (process.reader) return &*process.reader;
    if (process.tried != Time{0} && now - process.tried < kPause) return nullptr;
    process.tried = now;
    auto reader = Reader::open(proc_, pid);
    if (!reader) {
        unreadable_[pid] = reader.error().text;
        return nullptr;
    }
    unreadable_.erase(pid);
    process.reader.emplace(*std::move(reader));
    return &*process.reader;
}

Recorder::Kept Recorder::kept(Stack stack) {
    if (const auto found = stacks_.find(stack); found != stacks_.end()) return *found;
    return *stacks_.insert(std::make_shared<const Stack>(std::move(stack))).first;
}

std::variant<Recorder::Known, Rejection> Recorder::sample(const Target& target, Time now) {
    auto* reader = reader_of(target.pid, now);
    if (reader == nullptr) return Rejection::kUnreadable;
    auto sample = reader->sample(target.thread);
    if (sample) return Known{kept(std::move(sample->stack)), sample->state, sample->cut};
    // Its pid may be another process's by now, or it has executed another program: begin anew.
    if (sample.error() == Rejection::kEnded || sample.error() == Rejection::kUnreadable)
        processes_.at(target.pid).reader.reset();
    return sample.error();
}

void Recorder::take(std::span<const Target> targets) {
    const auto count = std::min(targets.size(), kMaxThreads);
    left_out_ += targets.size() - count;
    turn_ = targets.size() > kMaxThreads ? (turn_ + kMaxThreads) % targets.size() : 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& target = targets[(turn_ + i) % targets.size()];
        const auto now = clock_();
        auto& samples = threads_[target.thread];
        samples.push_back({now, sample(target, now)});
        if (samples.size() <= kMaxSamples) continue;
        samples.pop_front();
        ++left_out_;
    }
    const auto now = clock_();
    if (now - tidied_ >= kPause) tidy(targets, now);
}

// Drops what no request can ask for any more.
void Recorder::tidy(std::span<const Target> targets, Time now) {
    tidied_ = now;
    std::map<pid_t, Time> begun;
    for (const auto& target : targets) {
        const auto [known, is_new] = begun.emplace(target.thread, target.since);
        if (!is_new) known->second = std::min(known->second, target.since);
    }
    for (auto& [thread, samples] : threads_) {
        const auto found = begun.find(thread);
        const auto needed = std::min(found == begun.end() ? now : found->second, now - kKeptFor);
        while (!samples.empty() && samples.front().at < needed) samples.pop_front();
    }
    std::erase_if(threads_, [](const auto& entry) { return entry.second.empty(); });
    std::erase_if(stacks_, [](const Kept& stack) { return stack.use_count() == 1; });
    std::erase_if(processes_, [&](const auto& entry) { return !proc_.exists(entry.first); });
    std::erase_if(unreadable_, [&](const auto& entry) { return !proc_.exists(entry.first); });
}

Profile Recorder::between(pid_t thread, Time begin, Time end) const {
    Profile profile;
    const auto samples = threads_.find(thread);
    if (samples == threads_.end()) return profile;
    auto sample = std::ranges::lower_bound(samples->second, begin, {}, &Taken::at);
    for (; sample != samples->second.end() && sample->at <= end; ++sample) {
        if (const auto* known = std::get_if<Known>(&sample->what)) {
            profile.add({*known->stack, known->state, known->cut});
        } else {
            profile.add(std::get<Rejection>(sample->what));
        }
    }
    return profile;
}

} // namespace stacks
