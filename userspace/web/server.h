// SPDX-License-Identifier: BSD-2-Clause
// The HTTP server: libmicrohttpd with one thread that waits with epoll for all connections at once, so that a slow
// or silent client, or a slow TLS handshake, holds up nobody. What takes long by design, the first check of a password,
// has a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "result.h"
#include "web/connections.h"
#include "web/protection.h"
#include "web/routes.h"

namespace web {

struct Options {
    std::vector<std::string> listen_addresses{"127.0.0.1:9091"}; // at least one; see ListeningSocket::listen_on
    std::string telemetry_path = "/metrics";
    bool lifecycle = false; // POST /-/cleanup and /-/reload
    // At most 4,096. When there are more, the connection that has been silent for longest is ended.
    unsigned connection_limit = 64;
    Deadlines deadlines; // each from 1 ms to 24 h
};

class Server {
public:
    // Answers from the moment it returns. Errors are those of the addresses, of the path, and of the system's limits.
    static Result<Server> start(const Options& options, Pages pages, Protection protection = {});

    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    // Closes all connections and waits for the server's threads, that is for at most one call of `pages`.
    ~Server();

    // From now on for new connections and new requests. TLS cannot be switched on or off: that is an error. From any
    // thread.
    Result<void> protect(Protection protection);

    std::uint16_t port() const;                        // of the first address, as bound
    const std::vector<std::string>& addresses() const; // as bound, for example "127.0.0.1:9091"
    bool has_tls() const;

private:
    struct Daemon;
    explicit Server(std::unique_ptr<Daemon> daemon);

    std::unique_ptr<Daemon> daemon_; // its address is known to libmicrohttpd, so it does not move
};

} // namespace web
