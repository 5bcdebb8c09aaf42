// SPDX-License-Identifier: BSD-2-Clause
// Samples that were added up: of one request, of an endpoint, of all.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "stacks/stack.h"

namespace stacks {

struct Counts {
    std::array<std::uint64_t, kStateNames.size()> by_state{};
    std::uint64_t of(State state) const { return by_state[static_cast<std::size_t>(state)]; }
    std::uint64_t total() const;
};

class Profile {
public:
    // Different stacks beyond these are counted, and not kept.
    static constexpr std::size_t kMaxStacks = 10000;

    explicit Profile(std::size_t most = kMaxStacks) : most_{most} {}

    void add(const Sample& sample) { add(sample.stack, sample.state, 1, sample.cut ? 1 : 0); }
    void add(Rejection why) { rejections_.add(why); }
    void add(const Profile& other);

    const std::map<Stack, Counts>& stacks() const { return stacks_; }
    const Counts& counts() const { return counts_; } // of all samples, those not kept too
    std::uint64_t cut() const { return cut_; }
    std::uint64_t not_kept() const { return not_kept_; }
    const Rejections& rejections() const { return rejections_; }

    // The stack that most samples show, whatever the thread did; the first in order among equals. Null: there is none.
    const std::pair<const Stack, Counts>* most_frequent() const;

private:
    void add(const Stack& stack, State state, std::uint64_t count, std::uint64_t cut);

    std::size_t most_;
    std::map<Stack, Counts> stacks_;
    Counts counts_;
    std::uint64_t cut_ = 0;
    std::uint64_t not_kept_ = 0;
    Rejections rejections_;
};

} // namespace stacks
