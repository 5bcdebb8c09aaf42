// SPDX-License-Identifier: BSD-2-Clause
// What systemd wants to hear from a unit of Type=notify. Without systemd nothing is sent.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace commands {

class ServiceManager {
public:
    // Tells that the service is up, and shows `status` in `systemctl status`.
    void ready(std::string_view status) const;
    void stopping() const;

    // How often alive() has to be called: a third of WatchdogSec=. Nothing when there is no watchdog.
    std::optional<std::chrono::milliseconds> watchdog() const;
    void alive() const;
};

} // namespace commands
