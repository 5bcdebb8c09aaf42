// SPDX-License-Identifier: BSD-2-Clause
// What a run has learned: by endpoint, where time went, and for whom it was waited.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trace/parts.h"
#include "trace/quantiles.h"
#include "trace/request.h"

namespace trace {

class Summary {
public:
    // Every request that ended counts as seen; those that match are learned from.
    void see(const Request& request, bool matches);

    std::uint64_t seen() const { return seen_; }
    std::uint64_t matched() const { return matched_; }
    // The slowest that matched: "0.512s GET /x"; empty when there was none.
    const std::string& slowest() const { return slowest_; }

    // Several lines, each with its line end. `lost`: by reason, what the kernel gave up; those of 0 are not mentioned.
    std::string text(const std::map<std::string, std::uint64_t>& lost) const;

private:
    struct Endpoint {
        Quantiles durations;
        std::uint64_t divided = 0; // requests whose parts are known
        std::array<std::chrono::nanoseconds, kParts.size()> parts{};
    };

    std::string endpoint_text(const std::string& name, const Endpoint& endpoint, std::size_t width) const;
    std::string peers_text() const;

    std::uint64_t seen_ = 0;
    std::uint64_t matched_ = 0;
    std::uint64_t undivided_ = 0; // matched, parts not known
    std::chrono::nanoseconds longest_{0};
    std::string slowest_;
    std::map<std::string, Endpoint> endpoints_; // by method and endpoint
    std::map<std::string, std::chrono::nanoseconds> peers_;
};

} // namespace trace
