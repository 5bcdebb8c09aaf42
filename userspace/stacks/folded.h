// SPDX-License-Identifier: BSD-2-Clause
// Folded stacks: what flame graphs are drawn from. One line a stack, "outermost;…;innermost 12".
#pragma once

#include <string>
#include <string_view>

#include "stacks/profile.h"

namespace stacks {

// "pay (shop.py:42)". Bytes that would end the frame, the line or be obeyed by a terminal are written as "\x1b", and a
// backslash as "\x5c", so that what stands there can be told from what was written so.
std::string frame_name(const Place& place);
std::string escaped(std::string_view text, std::string_view also = {});

// Each stack ends with what the thread did, as a frame of its own: "[running]" or "[waiting]".
std::string folded(const Profile& profile);

} // namespace stacks
