// SPDX-License-Identifier: BSD-2-Clause
// Where a traced request's time went (contract.h, struct breakdown).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace event {

// What a request's thread waited for on sockets other than the client's.
struct PeerWait {
    // "10.0.0.5:5432", "[2001:db8::1]:80", "/run/s", "@abstract", "unix" for one without a name, "poll" for several
    // descriptors at once, "others" for those beyond the kernel's limit. Printable text: other bytes are
    // percent-encoded.
    std::string peer;
    std::chrono::nanoseconds waited{0};
};

// What a thread did between the first byte of a request and the end of its response.
struct Parts {
    std::chrono::nanoseconds on_cpu{0};
    std::chrono::nanoseconds gc{0}; // on a processor, in Python's garbage collector
    std::chrono::nanoseconds run_queue{0};
    std::chrono::nanoseconds lock{0};
    std::chrono::nanoseconds sockets{0};
    std::chrono::nanoseconds disk{0};
    std::chrono::nanoseconds sleeping{0};
    std::chrono::nanoseconds reading{0};
    std::chrono::nanoseconds writing{0};
    std::chrono::nanoseconds other{0};

    std::chrono::nanoseconds total() const {
        return on_cpu + gc + run_queue + lock + sockets + disk + sleeping + reading + writing + other;
    }
};

struct Breakdown {
    std::optional<std::chrono::nanoseconds> accept_queue; // before the first byte
    std::chrono::nanoseconds thread_queue{0};             // likewise
    std::optional<Parts> parts;  // nothing where the thread could not be followed; else they add up to the duration
    std::vector<PeerWait> peers; // the longest first
    std::uint32_t thread = 0;    // its id in the initial PID namespace; 0: not known
    bool moved = false;          // another thread ended the request
    bool interleaved = false;    // the thread had another request in flight meanwhile
    bool gc_known = false;       // else what there was of it is in on_cpu
};

} // namespace event
