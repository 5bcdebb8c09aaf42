// SPDX-License-Identifier: BSD-2-Clause
// Which capability of capabilities(7) is for what, and what goes without it. docs/deployment.md shows the same table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace check {

struct KernelVersion {
    int major = 0;
    int minor = 0;
    auto operator<=>(const KernelVersion&) const = default;
    static KernelVersion running();
};
KernelVersion version_in(const std::string& release); // as uname(2) has it; 0.0 when it says none

// From here on (memcg-based accounting of BPF memory) maps do not count against RLIMIT_MEMLOCK.
constexpr KernelVersion kMapsNotLocked{5, 11};

struct Inclusive {
    int number;
    std::string_view name;
};

struct Capability {
    // What cannot be without it: anything sensible; other users' Gunicorns; some detail.
    enum class For { anything, everybody, details };

    int number;
    std::string_view name;
    std::optional<Inclusive> included_in; // CAP_SYS_ADMIN had been all of them until Linux 5.8
    std::string_view purpose;             // "to load BPF programs"
    std::string_view without;             // what cannot be done, as a sentence's end: "nothing can be observed"
    For needed_for;
    std::optional<KernelVersion> not_since; // kernels from there on do without it
    bool stays;                             // needed as long as anything is observed, not for the start alone

    bool needed_by(KernelVersion kernel) const { return !not_since || kernel < *not_since; }
};

// A port below 1024 is not in it: what it needs is said by who cannot have it.
std::span<const Capability> capabilities();

// Effective capabilities, bit by bit.
class Held {
public:
    explicit Held(std::uint64_t mask) : mask_(mask) {}

    bool has(int number) const { return (mask_ >> number & 1) != 0; }
    // By itself or by the one that includes it.
    bool meets(const Capability& capability) const {
        return has(capability.number) || (capability.included_in && has(capability.included_in->number));
    }

private:
    std::uint64_t mask_;
};

// What of capabilities() such a kernel needs and is not met, in its order.
std::vector<const Capability*> missing(const Held& held, KernelVersion kernel);

} // namespace check
