// SPDX-License-Identifier: BSD-2-Clause
// Samples of many threads, kept until it is known which of them were of a slow request.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>

#include "clocks.h"
#include "procfs/procfs.h"
#include "stacks/profile.h"
#include "stacks/reader.h"
#include "stacks/stack.h"

namespace stacks {

using Time = std::chrono::nanoseconds; // of CLOCK_MONOTONIC, as the kernel's records have it

// A thread that serves requests now, and since when the one that has taken longest.
struct Target {
    pid_t pid = 0;
    pid_t thread = 0;
    Time since{0};
};

class Recorder {
public:
    static constexpr std::size_t kMaxThreads = 128;    // sampled at a time; others have their turn next
    static constexpr std::size_t kMaxSamples = 60'000; // of a thread: ten minutes at 100 Hz. The oldest are dropped
    // A request's end becomes known so much later at most.
    static constexpr std::chrono::seconds kKeptFor{8};
    // Before a process whose Python could not be read is tried again.
    static constexpr std::chrono::seconds kPause{1};

    // `proc` must outlive this.
    explicit Recorder(const procfs::ProcFs& proc, std::function<Time()> clock = monotonic_time);

    // One sample of each.
    void take(std::span<const Target> targets);

    // What was sampled of a thread in that time, both ends included.
    Profile between(pid_t thread, Time begin, Time end) const;

    // How often a thread was not sampled because too many were to be, or samples were dropped.
    std::uint64_t left_out() const { return left_out_; }
    // Why the Python of a process cannot be read, of those that were tried last.
    const std::map<pid_t, std::string>& unreadable() const { return unreadable_; }

private:
    using Kept = std::shared_ptr<const Stack>;
    struct Known {
        Kept stack;
        State state;
        bool cut;
    };
    struct Taken {
        Time at;
        std::variant<Known, Rejection> what;
    };
    struct ByValue {
        using is_transparent = void;
        bool operator()(const Kept& a, const Kept& b) const { return *a < *b; }
        bool operator()(const Kept& a, const Stack& b) const { return *a < b; }
        bool operator()(const Stack& a, const Kept& b) const { return a < *b; }
    };
    struct Process {
        std::optional<Reader> reader;
        Time tried{0};
    };

    Reader* reader_of(pid_t pid, Time now);
    std::variant<Known, Rejection> sample(const Target& target, Time now);
    Kept kept(Stack stack);
    void tidy(std::span<const Target> targets, Time now);

    const procfs::ProcFs& proc_;
    std::function<Time()> clock_;
    std::map<pid_t, Process> processes_;
    std::map<pid_t, std::string> unreadable_;
    std::map<pid_t, std::deque<Taken>> threads_;
    std::set<Kept, ByValue> stacks_;
    std::size_t turn_ = 0; // of the first one, where not all can be sampled
    Time tidied_{0};
    std::uint64_t left_out_ = 0;
};

} // namespace stacks
