// SPDX-License-Identifier: BSD-2-Clause
// Which connections are open, how long each may take for what it is doing, and which of them has to go when there are
// too many. The newest client always gets in: otherwise a handful of clients that connect and say nothing would keep
// the scraper out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace web {

// Totals, not pauses: a client that sends a byte a second is as late as one that sends nothing.
struct Deadlines {
    std::chrono::milliseconds head{10'000}; // from connecting, or from a request's first byte, to the end of its head
    std::chrono::milliseconds response{30'000}; // from the end of the head to the last byte of the response
    // Between requests. Longer than a usual scrape interval, so that Prometheus can keep its connection.
    std::chrono::milliseconds idle{75'000};
};

// Used by the thread that accepts and by libmicrohttpd's.
class Connections {
public:
    using Clock = std::chrono::steady_clock;

    // At most `limit` (at least 1) connections stay open.
    explicit Connections(std::size_t limit, Deadlines deadlines = {});

    // Over the limit, the one that has been silent for longest is shut down; its owner then closes it.
    void opened(int descriptor);
    // A complete head has arrived on it.
    void progressed(int descriptor);
    // Its response was sent, or is given up.
    void answered(int descriptor);
    // To be called before the descriptor is closed, because its number is then free for another.
    void closed(int descriptor);

    // Shuts down those that are past their deadline. To be called several times a second.
    void end_overdue(Clock::time_point now);

    std::size_t open() const;   // without those that have been shut down
    std::size_t ending() const; // shut down and not closed yet

private:
    enum class Phase { head, response, idle };
    struct Connection {
        std::uint64_t last_progress = 0; // a sequence number, not a time
        Phase phase = Phase::head;
        Clock::time_point since;
        std::uint64_t heard = 0; // bytes received when the last response was over
        bool shut_down = false;
    };
    using Entry = std::map<int, Connection>::value_type;

    void evict_idlest();
    void notice_next_request(Entry& entry, Clock::time_point now) const;
    std::chrono::milliseconds deadline_of(Phase phase) const;
    bool is_overdue(const Entry& entry, Clock::time_point now) const;
    void shut_down(Entry& entry);
    std::size_t open_now() const { return connections_.size() - shut_down_; }

    std::size_t limit_;
    Deadlines deadlines_;
    mutable std::mutex mutex_; // guards what follows
    std::uint64_t sequence_ = 0;
    std::size_t shut_down_ = 0;
    std::map<int, Connection> connections_; // by descriptor
};

} // namespace web
