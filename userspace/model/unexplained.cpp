// SPDX-License-Identifier: BSD-2-Clause
#include "model/unexplained.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace model {
namespace {

constexpr std::size_t kMaxResponses = 256;
constexpr event::KernelTime kExpectedWithin = std::chrono::seconds(1);

} // namespace

bool Unexplained::add(const event::Responded& responded, Response response) {
    const bool of_loop = responded.by.thread != 0 && responded.by.is_main_module;
    if (!of_loop || responded.status < 500 || responded.raised != event::Responded::Raised::not_watched) return false;
    if (response.path.empty() || responses_.size() == kMaxResponses) return false;
    responses_.push_back(std::move(response));
    return true;
}

std::optional<Unexplained::Response> Unexplained::take(const event::Logged& logged) {
    if (!logged.of_scope) return std::nullopt;
    const auto path = request_path(logged.arguments[0], logged.cut[0]);
    const auto found = std::ranges::find_if(responses_, [&](const Response& response) {
        return response.by.thread == logged.by.thread && response.at <= logged.at &&
               logged.at - response.at < kExpectedWithin && response.method == logged.arguments[1] &&
               response.path == path;
    });
    if (found == responses_.end()) return std::nullopt;
    auto response = std::move(*found);
    responses_.erase(found);
    return response;
}

std::vector<Unexplained::Response> Unexplained::take_expired(event::KernelTime now) {
    std::vector<Response> expired;
    while (!responses_.empty() && now - responses_.front().at >= kExpectedWithin) {
        expired.push_back(std::move(responses_.front()));
        responses_.pop_front();
    }
    return expired;
}

} // namespace model
