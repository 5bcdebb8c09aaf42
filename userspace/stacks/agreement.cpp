// SPDX-License-Identifier: BSD-2-Clause
// What two looks at a running thread have in common.
#include "stacks/agreement.h"

#include <algorithm>
#include <utility>

namespace stacks {
namespace {

bool is_same_call(const python::Frame& first, const python::Frame& second) {
    auto moved = second;
    moved.instruction = first.instruction;
    return moved == first;
}

} // namespace

bool agree(const Look& first, const Look& second) {
    if (first.empty() || first.size() != second.size()) return false;
    return is_same_call(first.front(), second.front()) &&
           std::equal(first.begin() + 1, first.end(), second.begin() + 1);
}

Look in_common(const Look& first, const Look& second) {
    const auto [in_first, in_second] = std::mismatch(first.rbegin(), first.rend(), second.rbegin(), second.rend());
    auto begin = in_second.base(); // the innermost of those that are the same
    const bool moved_on = in_first != first.rend() && in_second != second.rend() && is_same_call(*in_first, *in_second);
    if (moved_on) --begin;
    Look common(begin, second.end());
    // What the interpreter put between a function and what C code called for it is no call that was seen.
    while (!common.empty() && common.front().of_interpreter) common.erase(common.begin());
    return common;
}

Look in_common(const std::vector<Look>& looks) {
    auto common = looks.front();
    for (const auto& look : looks) common = in_common(common, look);
    return common;
}

std::vector<Look> of_most_frequent_root(const std::vector<Look>& looks) {
    std::vector<Look> most;
    for (const auto& each : looks) {
        std::vector<Look> same;
        for (const auto& look : looks)
            if (is_same_call(look.back(), each.back())) same.push_back(look);
        if (same.size() > most.size()) most = std::move(same);
    }
    return most;
}

} // namespace stacks
