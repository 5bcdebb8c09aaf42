// SPDX-License-Identifier: BSD-2-Clause
// Which number, Gunicorn's Worker.age, a new worker has, and when to ask the Arbiter. Gunicorn counts one up before
// each fork of a worker, so between two answers of the Arbiter its ages are those of the forks, in their order.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace gunicorn {

using WallTime = std::chrono::system_clock::time_point;

struct Arbiter;

// Where an age comes from. fork_order: counted or, for workers that were there before, ranked by their start, which is
// too low if others had ended already.
enum class AgeSource { fork_order, arbiter };

// After the end of a worker its master needs a moment to strike it off.
inline constexpr std::chrono::milliseconds kArbiterNotices{50};

// When to ask the Arbiter next.
struct AgeCheck {
    WallTime due;     // at once
    int failures = 0; // in a row
    bool answered = false;

    void ask_by(WallTime when) { due = std::min(due, when); }
};

// Ages that the Arbiter has given out to workers whose forks were not reported yet.
class AgesAhead {
public:
    // `held`: the ages of the workers that are known, `counted`: the age up to which forks were counted, nothing if
    // the Arbiter answers for the first time.
    void take(const Arbiter& arbiter, const std::set<std::uint32_t>& held, std::optional<std::uint32_t> counted,
              WallTime now);

    // The age of a worker that was born: by its pid as the master sees it, else the oldest that no worker has, if it
    // was given out a moment ago. Nothing: the next one is new.
    std::optional<std::uint32_t> claim(std::optional<pid_t> pid, WallTime now);

    // A worker may have an age that was given out a moment ago and that no known worker has.
    bool any(WallTime now) const;

private:
    std::map<pid_t, std::uint32_t> listed_;
    std::map<std::uint32_t, WallTime> unlisted_; // counted, then dead already or not forked yet; since when
};

} // namespace gunicorn
