// SPDX-License-Identifier: BSD-2-Clause
// The order in which connections gave a sign of life, and their deadlines.
#include "web/connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace web {
namespace {

// What the kernel has received on it: whether a client has begun to send is not to be learnt from libmicrohttpd.
std::uint64_t bytes_received(int descriptor) {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return 0;
    return length >= offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received
               ? info.tcpi_bytes_received
               : 0;
}

bool is_half_closed(int descriptor) {
    pollfd ended{.fd = descriptor, .events = POLLRDHUP, .revents = 0};
    return poll(&ended, 1, 0) == 1 && (ended.revents & POLLRDHUP) != 0;
}

} // namespace

Connections::Connections(std::size_t limit, Deadlines deadlines)
    : limit_(std::max<std::size_t>(limit, 1)), deadlines_(deadlines) {}

void Connections::opened(int descriptor) {
    const std::lock_guard lock(mutex_);
    connections_[descriptor] = Connection{
        .last_progress = ++sequence_, .phase = Phase::head, .since = Clock::now(), .heard = 0, .shut_down = false};
    if (open_now() > limit_) evict_idlest();
}

void Connections::progressed(int descriptor) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    found->second.last_progress = ++sequence_;
    found->second.phase = Phase::response;
    found->second.since = Clock::now();
}

void Connections::answered(int descriptor) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    found->second.phase = Phase::idle;
    found->second.since = Clock::now();
    found->second.heard = bytes_received(descriptor);
}

void Connections::closed(int descriptor) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    if (found->second.shut_down) --shut_down_;
    connections_.erase(found);
}

std::size_t Connections::open() const {
    const std::lock_guard lock(mutex_);
    return open_now();
}

std::size_t Connections::ending() const {
    const std::lock_guard lock(mutex_);
    return shut_down_;
}

std::chrono::milliseconds Connections::deadline_of(Phase phase) const {
    switch (phase) {
    case Phase::response:
        return deadlines_.response;
    case Phase::idle:
        return deadlines_.idle;
    case Phase::head:
        break;
    }
    return deadlines_.head;
}

void Connections::notice_next_request(Entry& entry, Clock::time_point now) const {
    auto& [descriptor, connection] = entry;
    if (connection.phase != Phase::idle || bytes_received(descriptor) <= connection.heard) return;
    connection.phase = Phase::head;
    connection.since = now;
}

// A client that has ended its side asks nothing more. libmicrohttpd does not notice when that came with the request.
bool Connections::is_overdue(const Entry& entry, Clock::time_point now) const {
    constexpr std::chrono::seconds kForPipelined{1}; // may be on their way from libmicrohttpd's buffer
    const auto& [descriptor, connection] = entry;
    const auto lasted = now - connection.since;
    if (lasted > deadline_of(connection.phase)) return true;
    return connection.phase == Phase::idle && lasted > kForPipelined && is_half_closed(descriptor);
}

void Connections::end_overdue(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    for (auto& entry : connections_) {
        if (entry.second.shut_down) continue;
        notice_next_request(entry, now);
        if (is_overdue(entry, now)) shut_down(entry);
    }
}

void Connections::evict_idlest() {
    Entry* oldest = nullptr;
    for (auto& entry : connections_) {
        if (entry.second.shut_down) continue;
        if (oldest == nullptr || entry.second.last_progress < oldest->second.last_progress) oldest = &entry;
    }
    if (oldest != nullptr) shut_down(*oldest);
}

// Not close(): the descriptor is libmicrohttpd's, which finds the connection at its end and closes it.
void Connections::shut_down(Entry& entry) {
    shutdown(entry.first, SHUT_RDWR);
    entry.second.shut_down = true;
    ++shut_down_;
}

} // namespace web
