// SPDX-License-Identifier: BSD-2-Clause
// Accepts on all listening addresses with one thread, which also ends connections that are past their deadline.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <thread>
#include <vector>

#include "descriptor.h"
#include "result.h"
#include "web/connections.h"
#include "web/listening_socket.h"

namespace web {

class Acceptor {
public:
    // At most so many wait to be closed, having been shut down, before the next is accepted.
    static constexpr unsigned kMaxEnding = 64;

    // Takes over the descriptor, which does not block. False: it was closed instead. Called from the acceptor's thread.
    using Accepted = std::function<bool(int descriptor, const sockaddr* from, socklen_t length)>;

    // `connections` outlives it.
    static Result<std::unique_ptr<Acceptor>> start(std::vector<ListeningSocket> sockets, Connections& connections,
                                                   Accepted accepted);
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    // Stops listening; `accepted` is not called any more once it returns.
    ~Acceptor();

private:
    Acceptor(std::vector<ListeningSocket> sockets, Connections& connections, Accepted accepted);
    bool watch(int descriptor) const;
    void run(const std::stop_token& stop);
    void accept_all(int listening);

    std::vector<ListeningSocket> sockets_;
    Connections& connections_;
    Accepted accepted_;
    Descriptor epoll_;
    Descriptor wake_;
    std::jthread thread_; // last: it uses the others
};

} // namespace web
