// SPDX-License-Identifier: BSD-2-Clause
// The parts of a request's time by name, in the order in which they are shown.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "event/breakdown.h"

namespace trace {

struct Part {
    std::string_view field; // in JSON
    std::string_view label; // for people
    std::chrono::nanoseconds event::Parts::* member;
};

inline constexpr std::array<Part, 10> kParts{{
    {"reading_seconds", "reading", &event::Parts::reading},
    {"on_cpu_seconds", "cpu", &event::Parts::on_cpu},
    {"gc_seconds", "gc", &event::Parts::gc},
    {"run_queue_seconds", "run queue", &event::Parts::run_queue},
    {"lock_seconds", "lock", &event::Parts::lock},
    {"sockets_seconds", "sockets", &event::Parts::sockets},
    {"disk_seconds", "disk", &event::Parts::disk},
    {"sleeping_seconds", "sleep", &event::Parts::sleeping},
    {"writing_seconds", "writing", &event::Parts::writing},
    {"other_seconds", "other", &event::Parts::other},
}};

} // namespace trace
