// SPDX-License-Identifier: BSD-2-Clause
// One worker's responses of status >= 400, with labels where a record explained them and without where it was lost.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "model/snapshot.h"

namespace model {

inline constexpr int kUnanswered = 0; // in place of a status: there was no response

// What one record says. Ordered by status first: counts are compared status by status.
struct Answer {
    int status; // 400-999, or less where an exception ended the response; kUnanswered
    std::string method;
    std::string endpoint;
    std::string error_type; // empty: no error (4xx that nothing was raised for)
    auto operator<=>(const Answer&) const = default;
};

// Two sources tell of the same responses: the kernel's counts, exact, and records, which may be lost or come late.
// What is published keeps two promises in every snapshot: for each status the series sum to the kernel's count, and
// no series ever decreases.
//
//   - A record that was added before the counts were read is in them: the kernel counts within a microsecond after it
//     records. (The other way round, a count could be read before its record exists, and would look lost.)
//   - A record that was added after they were read may be newer than they are: it waits for the next counts when
//     they have no room for it.
//   - A count that no record explains, although all records before it were read, belongs to a lost record: it
//     is published as method and endpoint "other", error type "unknown", and stays there.
//   - A response of status < 400 that an exception ended is an error and no failure: no count of a status explains it.
//   - Should that record turn up later after all, it is dropped: its response has been published already.
class FailedResponses {
public:
    void add(Answer answer, std::uint64_t times = 1);

    // The kernel's counts by status code, read just now, before the records of the same moment. Never decrease.
    void set_counted(const std::map<int, std::uint64_t>& responses);

    // Settles what is known. To be called when all records of the time before set_counted() were added.
    void publish();

    // What was published since it was taken last.
    struct Growth {
        std::map<FailedKey, std::uint64_t> failed;
        std::map<ErrorKey, std::uint64_t> errors;
    };
    Growth take_growth() { return std::exchange(growth_, {}); }

    const std::map<FailedKey, std::uint64_t>& failed() const { return failed_; }
    const std::map<ErrorKey, std::uint64_t>& errors() const { return errors_; }

    // Puts what was not published yet under other endpoints: rename(endpoint, times).
    using Rename = std::function<std::string_view(std::string_view endpoint, std::uint64_t times)>;
    void rename_unpublished(const Rename& rename);
    void drop_unpublished();

    // Adds every endpoint that a series has or will have. The views live until the next change of this object.
    void collect_endpoints(std::set<std::string_view>& endpoints) const;

private:
    using Tally = std::map<Answer, std::uint64_t>;

    struct Status {
        std::uint64_t counted = 0;
        std::uint64_t published = 0; // including what is in `lost`
        std::uint64_t lost = 0;      // published as "other"
        std::uint64_t dropped = 0;   // records that turned up after that, at most `lost`
        std::uint64_t room() const { return counted - published; }
    };

    void publish_from(Tally& tally);
    void drop_late_records();
    void publish_lost();
    void count(const Answer& answer, std::uint64_t times);

    std::map<int, Status> statuses_;
    Tally counted_records_; // added before the counts were read
    Tally newer_records_;   // added afterwards
    std::map<FailedKey, std::uint64_t> failed_;
    std::map<ErrorKey, std::uint64_t> errors_;
    Growth growth_;
};

} // namespace model
