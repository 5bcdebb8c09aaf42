// SPDX-License-Identifier: BSD-2-Clause
// Start and stop of the server.
#include "web/server.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "errno_text.h"
#include "web/daemon.h"
#include "web/listening_socket.h"

namespace web {
namespace {

Result<void> check_limits(const Options& options) {
    constexpr unsigned kMaxConnections = 4096;
    if (options.connection_limit == 0 || options.connection_limit > kMaxConnections)
        return fail(
            fmt::format("web connection limit {}: has to be 1 to {}", options.connection_limit, kMaxConnections));
    for (const auto deadline : {options.deadlines.head, options.deadlines.response, options.deadlines.idle})
        if (deadline < std::chrono::milliseconds(1) || deadline > std::chrono::hours(24))
            return fail(fmt::format("web deadline {} ms: has to be 1 ms to 24 h", deadline.count()));
    if (options.listen_addresses.empty()) return fail("--web.listen-address: at least one is needed");
    return {};
}

} // namespace

Result<Server> Server::start(const Options& options, Pages pages, Protection protection) {
    TRY_VOID(check_limits(options));
    TRY(auto routes, Routes::create(options.telemetry_path, std::move(pages), options.lifecycle));
    std::vector<ListeningSocket> sockets;
    std::vector<std::string> addresses;
    for (const auto& address : options.listen_addresses) {
        TRY(auto listening, ListeningSocket::listen_on(address));
        addresses.push_back(listening.address());
        sockets.push_back(std::move(listening));
    }
    const auto port = sockets.front().port();
    auto daemon = std::make_unique<Daemon>(std::move(routes), options, std::move(protection));
    daemon->port = port;
    daemon->addresses = std::move(addresses);
    errno = 0;
    if (!daemon->start_serving(options))
        return fail(fmt::format("start the web server: {}", errno != 0 ? errno_text(errno) : "libmicrohttpd refused"));
    TRY_VOID(daemon->start_accepting(std::move(sockets)));
    return Server(std::move(daemon));
}

Server::Server(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<void> Server::protect(Protection protection) {
    if ((protection.tls != nullptr) != daemon_->tls)
        return fail(
            fmt::format("TLS cannot be switched {} while the exporter runs: restart it", daemon_->tls ? "off" : "on"));
    daemon_->protect(std::move(protection));
    return {};
}

std::uint16_t Server::port() const { return daemon_->port; }
const std::vector<std::string>& Server::addresses() const { return daemon_->addresses; }
bool Server::has_tls() const { return daemon_->tls; }

} // namespace web
