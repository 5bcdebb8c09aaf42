// SPDX-License-Identifier: BSD-2-Clause
// One worker's counts as the kernel keeps them, decoded.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace event {

inline constexpr std::size_t kDurationBounds = 14;
// Upper bounds in seconds, inclusive, as the metrics documentation lists them.
inline constexpr std::array<double, kDurationBounds> kDurationBoundsSeconds = {
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0};

struct Histogram {
    std::array<std::uint64_t, kDurationBounds + 1> buckets{}; // not cumulative; the last is +Inf
    std::chrono::nanoseconds sum{0};
};

inline constexpr std::size_t kSizeBounds = 7;
// Upper bounds in bytes, inclusive.
inline constexpr std::array<double, kSizeBounds> kSizeBoundsBytes = {1024,   4096,    16384,  65536,
                                                                     262144, 1048576, 4194304};

struct SizeHistogram {
    std::array<std::uint64_t, kSizeBounds + 1> buckets{}; // not cumulative; the last is +Inf
    std::uint64_t sum = 0;
};

inline constexpr std::size_t kPauseBounds = 9;
// Upper bounds in seconds, inclusive.
inline constexpr std::array<double, kPauseBounds> kPauseBoundsSeconds = {0.0001, 0.0005, 0.001, 0.005, 0.01,
                                                                         0.05,   0.1,    0.5,   1.0};

struct PauseHistogram {
    std::array<std::uint64_t, kPauseBounds + 1> buckets{}; // not cumulative; the last is +Inf
    std::chrono::nanoseconds sum{0};
};

inline constexpr std::size_t kLifetimeBounds = 9;
// Upper bounds in seconds, inclusive.
inline constexpr std::array<double, kLifetimeBounds> kLifetimeBoundsSeconds = {0.1, 1,    10,    60,   300,
                                                                               900, 3600, 14400, 86400};

struct LifetimeHistogram {
    std::array<std::uint64_t, kLifetimeBounds + 1> buckets{}; // not cumulative; the last is +Inf
    std::chrono::nanoseconds sum{0};
};

// Of Python's garbage collector, by generation.
using Collections = std::array<PauseHistogram, 3>;

struct Imports {
    struct Phase {
        std::uint64_t modules = 0;
        std::chrono::nanoseconds time{0}; // of the outermost ones
    };
    std::optional<Phase> boot; // before the first connection was accepted; nothing: it had begun when watching began
    Phase serving;
};

// What a worker is doing at the moment at which its counts were read.
struct Activity {
    std::uint64_t in_flight = 0;        // requests begun and not answered, one for each connection
    std::uint64_t open_connections = 0; // accepted and not closed
    std::chrono::nanoseconds busy{0};   // time in which it was busy, up to that moment
    std::uint64_t served = 0;           // connections that occupy it, or a thread of it; those in flight among them
    std::uint64_t open_streams = 0;     // responses without a length that are being sent
    std::uint64_t websockets = 0;       // open ones

    bool is_busy() const { return served != 0 || in_flight != 0; }
};

// Why a request or response ended early.
struct EndedBy {
    std::uint64_t client = 0;
    std::uint64_t server = 0;
    std::uint64_t worker_exit = 0;
};

// How streams ended.
struct StreamEnds {
    std::uint64_t complete = 0; // by their framing
    EndedBy early;
};

// One worker's counts, exact, since it was first observed.
struct Totals {
    Histogram duration;                               // of every counted response
    std::map<int, std::uint64_t> responses;           // by status code; 0 is "unreadable"; no zero entries
    EndedBy incomplete;                               // counted in responses too
    EndedBy aborted;                                  // requests without a response
    std::map<std::string, std::uint64_t> connections; // ended ones by kind; every kind is present, also at 0
    std::uint64_t unserved_requests = 0;              // pipelined, read, never answered
    std::uint64_t unexpected_responses = 0;           // sent, and answering no request
    std::uint64_t unexpected_bytes = 0;               // likewise, and no response
    Histogram first_byte;                             // of every counted response
    SizeHistogram request_sizes;                      // likewise
    SizeHistogram response_sizes;                     // likewise
    Histogram accept_waits;                           // of connections that were seen to arrive
    Histogram read_waits;                             // of accepted connections
    Histogram next_read_waits;                        // of later requests on TCP connections
    std::uint64_t unknown_accept_waits = 0;           // of which the length is not known: not in the former
    std::uint64_t unknown_read_waits = 0;
    std::uint64_t unknown_next_read_waits = 0;
    Activity activity;
    StreamEnds streams;                     // ended ones
    EndedBy websockets;                     // ended ones
    LifetimeHistogram stream_lifetimes;     // of ended ones
    LifetimeHistogram websocket_lifetimes;  // likewise
    std::optional<Collections> collections; // where the interpreter tells
    std::optional<Imports> imports;         // likewise

    // Number of counted responses. From the same read as the histogram, so it equals its count.
    std::uint64_t requests() const {
        std::uint64_t sum = 0;
        for (const auto bucket : duration.buckets) sum += bucket;
        return sum;
    }
};

} // namespace event
