// SPDX-License-Identifier: BSD-2-Clause
// What two looks at a running thread have in common. A look takes microseconds, in which frames come and go; a frame's
// memory is used again by the next call. What both looks show was there.
#pragma once

#include <vector>

#include "python/stack.h"

namespace stacks {

using Look = std::vector<python::Frame>; // innermost first, those of the interpreter too

// Both show the same calls. Every caller is at the same instruction; the innermost frame may have moved on in between.
bool agree(const Look& first, const Look& second);

// The outermost frames of `second` that both have, up to the one that went on to call something else; innermost first.
// Empty: not even the outermost one.
Look in_common(const Look& first, const Look& second);

// The same for all of them; there is at least one.
Look in_common(const std::vector<Look>& looks);

// The looks whose outermost frame is the one that most of them have. A call that has ended meanwhile is linked to no
// one any more, and looks like an outermost frame.
std::vector<Look> of_most_frequent_root(const std::vector<Look>& looks);

} // namespace stacks
