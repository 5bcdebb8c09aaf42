// SPDX-License-Identifier: BSD-2-Clause
// One epoll for the listening sockets, and a regular look at the deadlines.
#include "web/acceptor.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include "errno_text.h"

namespace web {

Acceptor::Acceptor(std::vector<ListeningSocket> sockets, Connections& connections, Accepted accepted)
    : sockets_(std::move(sockets)), connections_(connections), accepted_(std::move(accepted)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

bool Acceptor::watch(int descriptor) const {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

Result<std::unique_ptr<Acceptor>> Acceptor::start(std::vector<ListeningSocket> sockets, Connections& connections,
                                                  Accepted accepted) {
    std::unique_ptr<Acceptor> acceptor(new Acceptor(std::move(sockets), connections, std::move(accepted)));
    bool watched = acceptor->watch(acceptor->wake_.get());
    for (const auto& socket : acceptor->sockets_) watched = watched && acceptor->watch(socket.descriptor());
    if (!watched) return errno_failure("accept connections", errno);
    acceptor->thread_ = std::jthread([self = acceptor.get()](const std::stop_token& stop) { self->run(stop); });
    return acceptor;
}

Acceptor::~Acceptor() {
    thread_.request_stop();
    const std::uint64_t one = 1;
    static_cast<void>(!write(wake_.get(), &one, sizeof one)); // at worst the thread wakes up by itself
    if (thread_.joinable()) thread_.join();
}

void Acceptor::run(const std::stop_token& stop) {
    constexpr int kLookEveryMilliseconds = 250;
    auto next_look = Connections::Clock::now();
    std::array<epoll_event, 16> events{};
    while (!stop.stop_requested()) {
        const int count =
            epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), kLookEveryMilliseconds);
        for (int i = 0; i < count && !stop.stop_requested(); ++i)
            if (const int ready = events[static_cast<std::size_t>(i)].data.fd; ready != wake_.get()) accept_all(ready);
        // However many connect meanwhile.
        if (const auto now = Connections::Clock::now(); now >= next_look) {
            connections_.end_overdue(now);
            next_look = now + std::chrono::milliseconds(kLookEveryMilliseconds);
        }
    }
}

void Acceptor::accept_all(int listening) {
    constexpr int kAtATime = 64;
    for (int i = 0; i < kAtATime; ++i) {
        // Those wait in the backlog: accepted now, the newest would be the one that is refused.
        if (connections_.ending() >= kMaxEnding) return std::this_thread::sleep_for(std::chrono::milliseconds(1));
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        auto* const address = reinterpret_cast<sockaddr*>(&from);
        const int descriptor = accept4(listening, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            connections_.opened(descriptor);
            if (!accepted_(descriptor, address, length)) connections_.closed(descriptor);
            continue;
        }
        // It stays readable: without a pause this thread would spin until a descriptor is free.
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (errno != ECONNABORTED && errno != EINTR) return;
    }
}

} // namespace web
