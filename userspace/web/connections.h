// SPDX-License-Identifier: BSD-2-Clause
// Which connections are open, and which of them has to go when there are too many. The newest client always gets
// in: otherwise a handful of clients that connect and say nothing would keep the scraper out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace web {

// Used by the server's one thread only.
class Connections {
public:
    // At most `limit` (at least 1) connections stay open.
    explicit Connections(std::size_t limit);

    // Over the limit, the one that has been silent for longest is shut down; its owner then closes it.
    void opened(int descriptor);
    // A complete request has arrived on it.
    void progressed(int descriptor);
    // To be called before the descriptor is closed, because its number is then free for another.
    void closed(int descriptor);

    std::size_t open() const; // without those that have been shut down

private:
    void end_the_most_silent();

    struct Connection {
        std::uint64_t last_progress = 0; // a sequence number, not a time
        bool shut_down = false;
    };
    std::size_t limit_;
    std::uint64_t sequence_ = 0;
    std::size_t shut_down_ = 0;
    std::map<int, Connection> connections_; // by descriptor
};

} // namespace web
