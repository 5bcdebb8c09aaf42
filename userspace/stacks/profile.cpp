// SPDX-License-Identifier: BSD-2-Clause
// Samples that were added up.
#include "stacks/profile.h"

#include <algorithm>
#include <numeric>

namespace stacks {

std::uint64_t Rejections::total() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

std::uint64_t Counts::total() const { return std::accumulate(by_state.begin(), by_state.end(), std::uint64_t{0}); }

void Profile::add(const Stack& stack, State state, std::uint64_t count, std::uint64_t cut) {
    if (count == 0) return;
    const auto index = static_cast<std::size_t>(state);
    counts_.by_state[index] += count;
    cut_ += cut;
    auto found = stacks_.find(stack);
    if (found == stacks_.end()) {
        if (stacks_.size() >= most_) {
            not_kept_ += count;
            return;
        }
        found = stacks_.emplace(stack, Counts{}).first;
    }
    found->second.by_state[index] += count;
}

void Profile::add(const Profile& other) {
    const auto counted = counts_;
    for (const auto& [stack, counts] : other.stacks_)
        for (const auto state : {State::kRunning, State::kWaiting}) add(stack, state, counts.of(state), 0);
    // What the other one has not kept is in its counts only.
    for (std::size_t i = 0; i < counts_.by_state.size(); ++i)
        counts_.by_state[i] = counted.by_state[i] + other.counts_.by_state[i];
    not_kept_ += other.not_kept_;
    cut_ += other.cut_;
    for (std::size_t i = 0; i < kRejections; ++i) rejections_.counts[i] += other.rejections_.counts[i];
}

const std::pair<const Stack, Counts>* Profile::most_frequent() const {
    const auto most = std::ranges::max_element(stacks_, {}, [](const auto& entry) { return entry.second.total(); });
    return most == stacks_.end() ? nullptr : &*most;
}

} // namespace stacks
