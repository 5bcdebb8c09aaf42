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

struct ProbeReport {
    std::vector<ProgramUse> programs;
    std::vector<MapUse> maps;
    std::map<std::string, std::uint64_t> events_lost; // by reason; every reason is present, also at 0
};

} // namespace event
