// SPDX-License-Identifier: BSD-2-Clause
// The snapshots of the last seconds: what rates and distributions are taken from.
#pragma once

#include <chrono>
#include <deque>

#include "model/snapshot.h"

namespace top {

using Time = std::chrono::steady_clock::time_point;

struct Moment {
    Time at;
    model::Snapshot snapshot;
};

// Two moments, the earlier one first. Null `from`: there is one moment only, so no rate is known.
struct Span {
    const Moment* from;
    const Moment* to;
    double seconds() const { return from ? std::chrono::duration<double>(to->at - from->at).count() : 0; }
};

class Window {
public:
    // How far back `wide()` reaches, at most by one interval more.
    explicit Window(std::chrono::milliseconds length) : length_(length) {}

    void add(Moment moment);
    bool empty() const { return moments_.empty(); }

    // Not to be called while empty. Valid until the next add().
    const Moment& latest() const { return moments_.back(); }
    Span narrow() const; // from the moment before the latest
    Span wide() const;   // from the oldest

private:
    std::chrono::milliseconds length_;
    std::deque<Moment> moments_;
};

} // namespace top
