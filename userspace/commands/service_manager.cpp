// SPDX-License-Identifier: BSD-2-Clause
#include "commands/service_manager.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace commands {

namespace {

// The variables stay set, so that every call finds them: nothing is executed that could inherit them.
void tell(const std::string& state) { sd_notify(0, state.c_str()); }

} // namespace

void ServiceManager::ready(std::string_view status) const { tell(fmt::format("READY=1\nSTATUS={}", status)); }
void ServiceManager::stopping() const { tell("STOPPING=1"); }

std::optional<std::chrono::milliseconds> ServiceManager::watchdog() const {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    const auto third =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(microseconds / 3));
    return std::max(third, std::chrono::milliseconds(1));
}

void ServiceManager::alive() const { tell("WATCHDOG=1"); }

} // namespace commands
