// SPDX-License-Identifier: BSD-2-Clause
// The server's inside: libmicrohttpd, and what a connection and a request pass on their way to the routes. Only
// server.cpp and daemon.cpp include this.
#pragma once

#include <microhttpd.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "web/acceptor.h"
#include "web/background.h"
#include "web/connections.h"
#include "web/protection.h"
#include "web/routes.h"
#include "web/server.h"

namespace web {

struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const;
};

struct Server::Daemon {
    Daemon(Routes served, const Options& options, Protection guarding);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon();

    bool start_serving(const Options& options);
    Result<void> start_accepting(std::vector<ListeningSocket> sockets);
    void protect(Protection guarding);
    std::shared_ptr<const Protection> protection() const;

    const bool tls;
    std::uint16_t port = 0;
    std::vector<std::string> addresses;

private:
    struct Exchange; // a request and its answer

    Answer answer(const Request& request) const;
    bool admits(Exchange& exchange, MHD_Connection* connection);
    MHD_Result respond(Exchange& exchange, MHD_Connection* connection, std::string_view url, std::string_view method);

    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char* version, const char* upload, size_t* upload_bytes, void** state);
    static void on_completed(void* self, MHD_Connection* connection, void** state, MHD_RequestTerminationCode how);
    static void on_connection(void* self, MHD_Connection* connection, void** state,
                              MHD_ConnectionNotificationCode what);

    Routes routes_;
    Connections connections_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Protection> protection_; // guarded by mutex_
    // In the order of their use, so that they end the other way round: first nothing is accepted any more, then what
    // waits for a password is woken up, then libmicrohttpd's thread ends.
    std::unique_ptr<MHD_Daemon, StopDaemon> mhd_;
    Background passwords_;
    std::unique_ptr<Acceptor> acceptor_;
};

} // namespace web
