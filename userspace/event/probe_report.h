// SPDX-License-Identifier: BSD-2-Clause
// How the probes in the kernel are doing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace event {

struct MapUse {
    std::string name;
    std::uint64_t entries = 0;
    std::uint64_t capacity = 0;
};

struct ProgramUse {
    std::string name;
    bool attached = false;
    std::optional<std::chrono::nanoseconds> run_time; // while kernel statistics are on
    std::uint64_t runs = 0;                           // likewise
};

// A listening socket that an observed process holds.
struct ListenerState {
    std::uint64_t inode = 0;
    std::uint32_t slot = 0;    // of that process
    std::uint32_t waiting = 0; // connections that wait for accept()
    std::uint32_t limit = 0;   // of them; the kernel admits one more
    std::uint32_t dropped = 0; // TCP: connection attempts dropped here; wraps
};

struct ProbeReport {
    std::vector<ProgramUse> programs;
    std::vector<MapUse> maps;
};

// The kernel's answer to one program, loaded alone.
struct ProgramCheck {
    std::string name;
    std::string group; // "core", or the group without which it is not needed
    bool loaded = false;
    bool attached = false;  // false also for programs that are not attached alone: see `on_its_own`
    bool on_its_own = true; // is attached to a hook; else others call it, or it belongs to an interpreter's probe
    std::string error;      // empty if all went well
};

} // namespace event
