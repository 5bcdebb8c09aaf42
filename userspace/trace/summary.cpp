// SPDX-License-Identifier: BSD-2-Clause
#include "trace/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "stacks/folded.h"
#include "trace/line.h"

namespace trace {

namespace {

constexpr std::size_t kMaxEndpoints = 200;
constexpr std::size_t kMaxPeers = 1000;
constexpr std::size_t kPeersShown = 5;
const std::string kOthers = "others";

// Under the key, or under "others" where there are too many keys already.
template <typename Value> Value& at_most(std::map<std::string, Value>& map, const std::string& key, std::size_t limit) {
    if (map.size() < limit || map.contains(key)) return map[key];
    return map[kOthers];
}

} // namespace

void Summary::see(const Request& request, bool matches) {
    seen_++;
    if (!matches) return;
    matched_++;
    const auto name = stacks::escaped(request.method + " " + request.endpoint);
    if (request.duration > longest_ || slowest_.empty()) {
        longest_ = request.duration;
        slowest_ = fmt::format("{} {}", duration_text(request.duration), name);
    }
    auto& endpoint = at_most(endpoints_, name, kMaxEndpoints);
    endpoint.durations.add(request.duration);
    if (!request.time.parts) {
        undivided_++;
        return;
    }
    endpoint.divided++;
    for (std::size_t i = 0; i < kParts.size(); i++) endpoint.parts[i] += (*request.time.parts).*kParts[i].member;
    for (const auto& peer : request.time.peers) at_most(peers_, stacks::escaped(peer.peer), kMaxPeers) += peer.waited;
}

std::string Summary::endpoint_text(const std::string& name, const Endpoint& endpoint, std::size_t width) const {
    auto text = fmt::format("  {:<{}} {:>7} {:>9} {:>9} {:>9}  ", name, width, endpoint.durations.count(),
                            duration_text(endpoint.durations.at(0.5)), duration_text(endpoint.durations.at(0.95)),
                            duration_text(endpoint.durations.at(1)));
    if (endpoint.divided == 0) return text + "?\n";
    event::Parts mean;
    for (std::size_t i = 0; i < kParts.size(); i++)
        mean.*kParts[i].member = endpoint.parts[i] / static_cast<std::int64_t>(endpoint.divided);
    return text + parts_text(mean, {}) + "\n";
}

std::string Summary::peers_text() const {
    std::vector<std::pair<std::string, std::chrono::nanoseconds>> peers(peers_.begin(), peers_.end());
    std::ranges::stable_sort(peers, std::greater{}, [](const auto& peer) { return peer.second; });
    if (peers.size() > kPeersShown) peers.resize(kPeersShown);
    std::string text;
    for (const auto& [peer, waited] : peers)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", peer, duration_text(waited));
    return text;
}

std::string Summary::text(const std::map<std::string, std::uint64_t>& lost) const {
    auto text = fmt::format("{} {} seen, {} matched", seen_, seen_ == 1 ? "request" : "requests", matched_);
    text += slowest_.empty() ? "\n" : fmt::format(", the slowest {}\n", slowest_);
    if (!endpoints_.empty()) {
        std::vector<const std::pair<const std::string, Endpoint>*> sorted;
        for (const auto& each : endpoints_) sorted.push_back(&each);
        std::ranges::stable_sort(sorted, std::greater{},
                                 [](const auto* each) { return each->second.durations.count(); });
        std::size_t width = 8;
        for (const auto* each : sorted) width = std::max(width, std::min<std::size_t>(each->first.size(), 60));
        text +=
            fmt::format("  {:<{}} {:>7} {:>9} {:>9} {:>9}  mean\n", "endpoint", width, "count", "p50", "p95", "max");
        for (const auto* each : sorted) text += endpoint_text(each->first, each->second, width);
    }
    if (!peers_.empty()) text += "waited for: " + peers_text() + "\n";
    if (undivided_ != 0) text += fmt::format("of {} requests it is not known where their time went\n", undivided_);
    for (const auto& [reason, count] : lost)
        if (count != 0) text += fmt::format("lost: {} ({})\n", count, reason);
    return text;
}

} // namespace trace
