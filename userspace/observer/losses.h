// SPDX-License-Identifier: BSD-2-Clause
// What was given up: counted by reason, and each reason logged once with what to do about it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace observer {

// What can be done when that happens; of an unknown reason where to read about it.
std::string_view remedy_for(std::string_view reason);

class Losses {
public:
    using Counts = std::map<std::string, std::uint64_t>; // by reason

    // Logs each reason that is above 0 for the first time.
    void log_new(const Counts& counts);

private:
    std::set<std::string> logged_;
};

} // namespace observer
