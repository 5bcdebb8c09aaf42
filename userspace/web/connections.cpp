// SPDX-License-Identifier: BSD-2-Clause
// The order in which connections gave a sign of life.
#include "web/connections.h"

#include <sys/socket.h>

#include <algorithm>

namespace web {

Connections::Connections(std::size_t limit) : limit_(std::max<std::size_t>(limit, 1)) {}

void Connections::opened(int descriptor) {
    connections_[descriptor] = Connection{.last_progress = ++sequence_, .shut_down = false};
    if (open() > limit_) end_the_most_silent();
}

void Connections::progressed(int descriptor) {
    if (const auto found = connections_.find(descriptor); found != connections_.end())
        found->second.last_progress = ++sequence_;
}

void Connections::closed(int descriptor) {
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    if (found->second.shut_down) --shut_down_;
    connections_.erase(found);
}

std::size_t Connections::open() const { return connections_.size() - shut_down_; }

void Connections::end_the_most_silent() {
    auto oldest = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        if (it->second.shut_down) continue;
        if (oldest == connections_.end() || it->second.last_progress < oldest->second.last_progress) oldest = it;
    }
    if (oldest == connections_.end()) return;
    // Not close(): the descriptor is libmicrohttpd's, which finds the connection at its end and closes it.
    shutdown(oldest->first, SHUT_RDWR);
    oldest->second.shut_down = true;
    ++shut_down_;
}

} // namespace web
