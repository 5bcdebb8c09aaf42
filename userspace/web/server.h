// SPDX-License-Identifier: BSD-2-Clause
// The HTTP server: libmicrohttpd with one thread that waits with epoll for all connections at once, so that a slow
// or silent client holds up nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "result.h"
#include "web/routes.h"

namespace web {

struct Options {
    std::string listen_address = "127.0.0.1:9091"; // see ListeningSocket::listen_on
    std::string telemetry_path = "/metrics";
    // At most 4,096. When there are more, the connection that has been silent for longest is ended.
    unsigned connection_limit = 64;
    // Without any progress for so long, a connection is closed. Longer than a usual scrape interval, so that
    // Prometheus can keep its connection.
    std::chrono::seconds idle_timeout{75};
};

class Server {
public:
    // Answers from the moment it returns. Errors are those of the address, of the path, and of the system's limits.
    static Result<Server> start(const Options& options, Pages pages);

    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    // Closes all connections and waits for the server's thread, that is for at most one call of `pages`.
    ~Server();

    std::uint16_t port() const;         // as bound
    const std::string& address() const; // as bound, for example "127.0.0.1:9091"

private:
    struct Daemon;
    explicit Server(std::unique_ptr<Daemon> daemon);

    std::unique_ptr<Daemon> daemon_; // its address is known to libmicrohttpd, so it does not move
};

} // namespace web
