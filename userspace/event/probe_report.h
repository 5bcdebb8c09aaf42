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
    std::map<std::string, std::uint64_t> events_lost; // by reason; every reason is present, also at 0
};

// What the kernel said to one program alone.
struct ProgramTrial {
    std::string name;
    std::string group; // "core", or what has to be measured for it to be needed
    bool loaded = false;
    bool attached = false;  // false also where nothing is to be attached: see `on_its_own`
    bool on_its_own = true; // hangs on a hook; else others call it
    std::string error;      // empty if all went well
};

} // namespace event
