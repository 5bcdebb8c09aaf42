// SPDX-License-Identifier: BSD-2-Clause
#include "report/requests.h"

#include <algorithm>

namespace report {

namespace {

bool is_failed(const trace::Request& request) { return request.status >= 400; }

std::size_t bucket_of(std::chrono::nanoseconds duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    const auto& bounds = event::kDurationBoundsSeconds;
    return static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
}

bool is_slower(const trace::Request& one, const trace::Request& other) { return one.duration > other.duration; }

// Adds to an entry; a new one only while there is room.
template <typename Map, typename Value>
bool add_bounded(Map& map, const typename Map::key_type& key, const Value& value, std::size_t most) {
    const auto found = map.find(key);
    if (found == map.end() && map.size() >= most) return false;
    map[key] += value;
    return true;
}

} // namespace

void Requests::add(const trace::Request& request) {
    const auto bucket = bucket_of(request.duration);
    durations_.add(request.duration);
    failed_count_ += is_failed(request);
    shared_ = shared_ || request.shared;
    add_to_time(request, bucket);
    add_to_route(request, bucket);
    add_errors(request);
    add_peers(request);
    keep_if_slow(request);
}

void Requests::add_to_time(const trace::Request& request, std::size_t bucket) {
    const auto index = columns_.at(request.at);
    if (by_time_.size() <= index) by_time_.resize(index + 1);
    by_time_[index].durations[bucket]++;
    by_time_[index].failed += is_failed(request);
}

void Requests::add_to_route(const trace::Request& request, std::size_t bucket) {
    RouteKey key{request.method, request.endpoint};
    if (!routes_.contains(key) && routes_.size() >= kMaxRoutes) key.second = "other";
    auto& route = routes_[key];
    route.durations.add(request.duration);
    route.buckets[bucket]++;
    route.failed += is_failed(request);
    if (!request.time.parts) return;
    route.divided += request.duration;
    for (std::size_t i = 0; i < route.parts.size(); i++) route.parts[i] += *request.time.parts.*trace::kParts[i].member;
}

void Requests::add_errors(const trace::Request& request) {
    if (!request.exception.empty() &&
        !add_bounded(errors_, ErrorKey{request.exception, request.method, request.endpoint}, 1u, kMaxErrors))
        left_out_++;
    if (is_failed(request) &&
        !add_bounded(failed_, FailedKey{request.status, request.method, request.endpoint}, 1u, kMaxErrors))
        left_out_++;
}

void Requests::add_peers(const trace::Request& request) {
    for (const auto& peer : request.time.peers)
        if (!add_bounded(peers_, peer.peer, peer.waited, kMaxPeers)) left_out_++;
}

void Requests::keep_if_slow(const trace::Request& request) {
    if (slowest_.size() == kSlowest) {
        if (request.duration <= slowest_.front().duration) return;
        std::ranges::pop_heap(slowest_, is_slower);
        slowest_.pop_back();
    }
    slowest_.push_back(request);
    std::ranges::push_heap(slowest_, is_slower);
}

std::vector<trace::Request> Requests::slowest() const {
    auto sorted = slowest_;
    std::ranges::sort(sorted, is_slower);
    return sorted;
}

} // namespace report
