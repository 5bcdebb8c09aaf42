// SPDX-License-Identifier: BSD-2-Clause
#include "model/failed_responses.h"

#include <algorithm>
#include <utility>

#include "http/request_line.h"
#include "model/error_type.h"

namespace model {
namespace {

bool is_failure(const Answer& answer) { return answer.status >= 400; }

} // namespace

void FailedResponses::add(Answer answer, std::uint64_t times) { newer_records_[std::move(answer)] += times; }

void FailedResponses::set_counted(const std::map<int, std::uint64_t>& responses) {
    for (const auto& [code, count] : responses) {
        if (code < 400) continue;
        auto& status = statuses_[code];
        status.counted = std::max(status.counted, count);
    }
    for (const auto& [answer, times] : newer_records_) counted_records_[answer] += times;
    newer_records_.clear();
}

void FailedResponses::publish() {
    publish_from(counted_records_);
    drop_late_records();
    publish_from(newer_records_);
    publish_lost();
}

// Moves as much to the published series as the kernel has counted. What has no room stays.
void FailedResponses::publish_from(Tally& tally) {
    for (auto each = tally.begin(); each != tally.end();) {
        auto& [answer, times] = *each;
        const auto published = is_failure(answer) ? std::min(times, statuses_[answer.status].room()) : times;
        if (published > 0) count(answer, published);
        times -= published;
        each = times == 0 ? tally.erase(each) : std::next(each);
    }
}

// The counts include these records and are used up: the responses were published as lost. More than those cannot be
// late; should there be any, the counts are behind and the records go on waiting.
void FailedResponses::drop_late_records() {
    for (auto each = counted_records_.begin(); each != counted_records_.end();) {
        auto& [answer, times] = *each;
        auto& status = statuses_[answer.status];
        const auto late = std::min(times, status.lost - status.dropped);
        status.dropped += late;
        times -= late;
        each = times == 0 ? counted_records_.erase(each) : std::next(each);
    }
}

void FailedResponses::publish_lost() {
    const std::string other{http::kOther};
    for (auto& [code, status] : statuses_) {
        const auto lost = status.room();
        if (lost == 0) continue;
        status.lost += lost;
        count({code, other, other, error_type_of(code, "")}, lost);
    }
}

void FailedResponses::count(const Answer& answer, std::uint64_t times) {
    if (is_failure(answer)) {
        statuses_[answer.status].published += times;
        const FailedKey key{answer.method, answer.endpoint, answer.status};
        failed_[key] += times;
        growth_.failed[key] += times;
    }
    if (answer.error_type.empty()) return;
    const ErrorKey key{answer.method, answer.endpoint, answer.error_type};
    errors_[key] += times;
    growth_.errors[key] += times;
}

void FailedResponses::rename_unpublished(const Rename& rename) {
    for (auto* tally : {&counted_records_, &newer_records_}) {
        Tally renamed;
        for (const auto& [answer, times] : *tally) {
            auto copy = answer;
            copy.endpoint = rename(answer.endpoint, times);
            renamed[std::move(copy)] += times;
        }
        *tally = std::move(renamed);
    }
}

void FailedResponses::drop_unpublished() {
    counted_records_.clear();
    newer_records_.clear();
}

void FailedResponses::collect_endpoints(std::set<std::string_view>& endpoints) const {
    for (const auto& [key, times] : failed_) endpoints.insert(key.endpoint);
    for (const auto& [key, times] : errors_) endpoints.insert(key.endpoint);
    for (const auto* tally : {&counted_records_, &newer_records_})
        for (const auto& [answer, times] : *tally) endpoints.insert(answer.endpoint);
}

} // namespace model
