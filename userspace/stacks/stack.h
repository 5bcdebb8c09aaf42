// SPDX-License-Identifier: BSD-2-Clause
// A Python stack as people read it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stacks {

struct Place {
    std::string function; // qualified since Python 3.11: "Shop.pay"; else "pay"
    std::string file;     // as compiled, perhaps relative. Both are the application's: any text, valid UTF-8
    int line = 0;         // from 1
    auto operator<=>(const Place&) const = default;
};

using Stack = std::vector<Place>; // outermost first, never empty in a sample

// What the thread did while it was looked at.
enum class State {
    kRunning, // it had a processor or could have used one
    kWaiting, // asleep in the kernel: for time to pass, a socket, a lock, Python's global one among them
};
inline constexpr std::array<std::string_view, 2> kStateNames{"running", "waiting"};

struct Sample {
    Stack stack;
    State state = State::kRunning;
    bool cut = false; // what the innermost place calls is left out: it came and went between two looks
};

// Why a look at a thread gave no stack.
enum class Rejection {
    kMoved,      // too few looks have a frame in common
    kMalformed,  // frames, or what they run, cannot be what a thread has
    kUnreadable, // memory that the frames point at is not there
    kTooDeep,    // more frames than are followed
    kNoPython,   // the thread runs no Python, or none of it is known to the interpreter
    kEnded,      // the thread or its process is gone
};
inline constexpr std::size_t kRejections = 6;
inline constexpr std::array<std::string_view, kRejections> kRejectionNames{"moved",    "malformed", "unreadable",
                                                                           "too_deep", "no_python", "ended"};

struct Rejections {
    std::array<std::uint64_t, kRejections> counts{};
    void add(Rejection why) { ++counts[static_cast<std::size_t>(why)]; }
    std::uint64_t of(Rejection why) const { return counts[static_cast<std::size_t>(why)]; }
    std::uint64_t total() const;
};

} // namespace stacks
