// SPDX-License-Identifier: BSD-2-Clause
#include "model/route_records.h"

#include <algorithm>
#include <string>
#include <utility>

#include "http/request_line.h"

namespace model {
namespace {

// The process is not recognised for long, or its counts cannot be read: what is beyond is taken for lost.
constexpr std::size_t kMaxWaiting = 50'000;

std::size_t bucket_of(std::chrono::nanoseconds duration) {
    const auto seconds = std::chrono::duration<double>(duration).count();
    const auto bound = std::ranges::lower_bound(event::kDurationBoundsSeconds, seconds);
    return static_cast<std::size_t>(bound - event::kDurationBoundsSeconds.begin());
}

} // namespace

void RouteRecords::add(RouteRecord record) {
    if (waiting_.size() < kMaxWaiting) waiting_.push_back(std::move(record));
}

void RouteRecords::publish(const event::Totals& totals, std::map<RouteKey, Route>& routes) {
    std::vector<RouteRecord> newer;
    for (auto& record : waiting_) {
        auto& status = statuses_[record.status];
        if (status.dropped < status.lost) { // it was published as "other", or another one in its place
            status.dropped++;
            continue;
        }
        const auto counted = totals.responses.find(record.status);
        if (counted == totals.responses.end() || status.published >= counted->second) {
            newer.push_back(std::move(record));
            continue;
        }
        status.published++;
        auto& route = routes[record.route];
        route.responses[record.status]++;
        const auto bucket = bucket_of(record.duration);
        for (auto* histogram : {&route.durations, &durations_}) {
            histogram->buckets[bucket]++;
            histogram->sum += record.duration;
        }
    }
    waiting_ = std::move(newer);
    publish_lost(totals, routes);
}

// What the kernel has counted and no record explains. Its durations are what the records' lack to the kernel's
// histogram.
void RouteRecords::publish_lost(const event::Totals& totals, std::map<RouteKey, Route>& routes) {
    std::uint64_t lost = 0;
    const auto other = [&]() -> Route& { return routes[{std::string(http::kOther), std::string(http::kOther)}]; };
    for (const auto& [code, counted] : totals.responses) {
        auto& status = statuses_[code];
        if (counted <= status.published) continue;
        const auto missing = counted - status.published;
        other().responses[code] += missing;
        status.published += missing;
        status.lost += missing;
        lost += missing;
    }
    if (!lost) return;
    auto& durations = other().durations;
    for (std::size_t i = 0; i < durations_.buckets.size() && lost; ++i) {
        const auto counted = totals.duration.buckets[i];
        const auto missing = std::min(lost, counted > durations_.buckets[i] ? counted - durations_.buckets[i] : 0);
        durations.buckets[i] += missing;
        durations_.buckets[i] += missing;
        lost -= missing;
    }
    const auto sum = std::max(std::chrono::nanoseconds{0}, totals.duration.sum - durations_.sum);
    durations.sum += sum;
    durations_.sum += sum;
}

void RouteRecords::rename_unpublished(const std::function<std::string_view(std::string_view endpoint)>& rename) {
    for (auto& record : waiting_) record.route.endpoint = std::string(rename(record.route.endpoint));
}

} // namespace model
