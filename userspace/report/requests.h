// SPDX-License-Identifier: BSD-2-Clause
// What is kept of the requests that ended: counts by time, route and error, and the slowest ones whole. Bounded,
// however many there are and whatever they are called.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "event/totals.h"
#include "report/columns.h"
#include "trace/parts.h"
#include "trace/quantiles.h"
#include "trace/request.h"

namespace report {

inline constexpr std::size_t kMaxRoutes = 500; // further ones are together "other"
inline constexpr std::size_t kMaxErrors = 500; // further ones are left out, and `left_out` counts them
inline constexpr std::size_t kMaxPeers = 200;  // likewise
inline constexpr std::size_t kSlowest = 50;

using Buckets = std::array<std::uint64_t, event::kDurationBounds + 1>; // not cumulative, as event::Histogram's

struct Column {
    Buckets durations{};
    std::uint64_t failed = 0; // of status 400 and above
};

struct Route {
    trace::Quantiles durations;
    Buckets buckets{};
    std::uint64_t failed = 0;
    std::chrono::nanoseconds divided{0}; // sum of the durations whose parts are known
    std::array<std::chrono::nanoseconds, trace::kParts.size()> parts{};
};

using RouteKey = std::pair<std::string, std::string>;               // method, endpoint
using ErrorKey = std::tuple<std::string, std::string, std::string>; // type, method, endpoint
using FailedKey = std::tuple<int, std::string, std::string>;        // status, method, endpoint

class Requests {
public:
    explicit Requests(const Columns& columns) : columns_(columns) {}

    void add(const trace::Request& request);

    std::uint64_t ended() const { return durations_.count(); }
    std::uint64_t failed() const { return failed_count_; }
    std::uint64_t left_out() const { return left_out_; }
    bool any_shared() const { return shared_; }
    const trace::Quantiles& durations() const { return durations_; }
    const std::vector<Column>& columns() const { return by_time_; } // up to the last that has a request
    const std::map<RouteKey, Route>& routes() const { return routes_; }
    const std::map<ErrorKey, std::uint64_t>& errors() const { return errors_; }
    const std::map<FailedKey, std::uint64_t>& failed_by_route() const { return failed_; }
    const std::map<std::string, std::chrono::nanoseconds>& peers() const { return peers_; }
    std::vector<trace::Request> slowest() const; // the slowest first

private:
    void add_to_time(const trace::Request& request, std::size_t bucket);
    void add_to_route(const trace::Request& request, std::size_t bucket);
    void add_errors(const trace::Request& request);
    void add_peers(const trace::Request& request);
    void keep_if_slow(const trace::Request& request);

    Columns columns_;
    trace::Quantiles durations_;
    std::uint64_t failed_count_ = 0;
    std::uint64_t left_out_ = 0;
    bool shared_ = false;
    std::vector<Column> by_time_;
    std::map<RouteKey, Route> routes_;
    std::map<ErrorKey, std::uint64_t> errors_;
    std::map<FailedKey, std::uint64_t> failed_;
    std::map<std::string, std::chrono::nanoseconds> peers_;
    std::vector<trace::Request> slowest_; // a heap, the quickest of them on top
};

} // namespace report
