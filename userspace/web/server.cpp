// SPDX-License-Identifier: BSD-2-Clause
// The only file that knows libmicrohttpd.
#include "web/server.h"

#include <fmt/format.h>
#include <microhttpd.h>
#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>

#include "web/connections.h"
#include "web/listening_socket.h"

namespace web {
namespace {

// libmicrohttpd 0.9.75 can crash when it is stopped in the moment in which its thread refuses a malformed request. So
// it gets a moment to finish what is open; connections that stay (a scraper's, kept alive) are idle then.
void let_it_finish(MHD_Daemon* daemon) {
    constexpr auto kPause = std::chrono::milliseconds(5);
    for (auto waited = kPause; waited < std::chrono::milliseconds(200); waited += kPause) {
        const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        if (info == nullptr || info->num_connections == 0) return;
        std::this_thread::sleep_for(kPause);
    }
}

struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const {
        let_it_finish(daemon);
        MHD_stop_daemon(daemon);
    }
};

struct DestroyResponse {
    void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using Response = std::unique_ptr<MHD_Response, DestroyResponse>;

std::string_view header_of(MHD_Connection* connection, const char* name) {
    const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == nullptr ? std::string_view{} : std::string_view(value);
}

int descriptor_of(MHD_Connection* connection) {
    const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == nullptr ? -1 : info->connect_fd;
}

void free_body(void* body) { delete static_cast<std::string*>(body); }

// The response keeps the body alive until the last byte is sent, without copying it.
Response make_response(Answer& answer) {
    auto body = std::make_unique<std::string>(std::move(answer.body));
    Response response(
        MHD_create_response_from_buffer_with_free_callback_cls(body->size(), body->data(), free_body, body.get()));
    if (!response) return response;
    static_cast<void>(body.release()); // free_body has it now
    answer.headers.emplace_back(MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type);
    for (const auto& [name, value] : answer.headers)
        if (MHD_add_response_header(response.get(), name.c_str(), value.c_str()) == MHD_NO) return nullptr;
    return response;
}

// Signals are the main loop's. Threads inherit the mask of the one that starts them.
class AllSignalsBlocked {
public:
    AllSignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
    ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

} // namespace

struct Server::Daemon {
    Routes routes;
    Connections connections;
    std::uint16_t port;
    std::string address;
    std::unique_ptr<MHD_Daemon, StopDaemon> mhd; // last: its thread uses the others until it is stopped

    Answer answer(const Request& request) const;
    bool start(ListeningSocket listening, const Options& options);

    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char* version, const char* upload, size_t* upload_bytes, void** state);
    static void on_connection(void* self, MHD_Connection* connection, void** state,
                              MHD_ConnectionNotificationCode what);
};

// Exceptions must not pass through libmicrohttpd's C frames.
Answer Server::Daemon::answer(const Request& request) const try {
    return routes.answer(request);
} catch (const std::exception& failure) {
    return Answer{.status = 503,
                  .content_type = "text/plain; charset=utf-8",
                  .body = fmt::format("answer {}: {}\n", request.path, failure.what()),
                  .headers = {}};
}

// Called when the head is complete, for each piece of a body, and at the end.
MHD_Result Server::Daemon::on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                      const char* /*version*/, const char* /*upload*/, size_t* upload_bytes,
                                      void** state) {
    auto& daemon = *static_cast<Daemon*>(self);
    const std::string_view verb(method);
    const bool body_expected = verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD;
    // An answer at the first call closes the connection after it: right for a body that nobody wants to read, a
    // waste for a scraper that keeps its connection.
    if (*state == nullptr && !body_expected) {
        *state = self;
        daemon.connections.progressed(descriptor_of(connection));
        return MHD_YES;
    }
    if (*upload_bytes != 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    Answer answer = daemon.answer(Request{.method = verb,
                                          .path = url,
                                          .accept = header_of(connection, MHD_HTTP_HEADER_ACCEPT),
                                          .accept_encoding = header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING)});
    const Response response = make_response(answer);
    if (!response) return MHD_NO;
    return MHD_queue_response(connection, static_cast<unsigned>(answer.status), response.get());
}

void Server::Daemon::on_connection(void* self, MHD_Connection* connection, void** /*state*/,
                                   MHD_ConnectionNotificationCode what) {
    auto& daemon = *static_cast<Daemon*>(self);
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        daemon.connections.opened(descriptor_of(connection));
    else
        daemon.connections.closed(descriptor_of(connection));
}

bool Server::Daemon::start(ListeningSocket listening, const Options& options) {
    // Room for connections that are shut down and not yet closed.
    constexpr unsigned kEnding = 64;
    const AllSignalsBlocked blocked;
    mhd.reset(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, nullptr, nullptr, on_request, this,
                               MHD_OPTION_LISTEN_SOCKET, listening.descriptor(), //
                               MHD_OPTION_CONNECTION_LIMIT, options.connection_limit + kEnding,
                               MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(options.idle_timeout.count()),
                               MHD_OPTION_NOTIFY_CONNECTION, on_connection, this, MHD_OPTION_END));
    if (!mhd) return false;
    listening.release(); // MHD_stop_daemon closes it
    return true;
}

Result<Server> Server::start(const Options& options, Pages pages) {
    constexpr unsigned kMostConnections = 4096;
    if (options.connection_limit == 0 || options.connection_limit > kMostConnections)
        return fail(
            fmt::format("web connection limit {}: has to be 1 to {}", options.connection_limit, kMostConnections));
    if (options.idle_timeout < std::chrono::seconds(1) || options.idle_timeout > std::chrono::hours(24))
        return fail(fmt::format("web idle timeout {} s: has to be 1 s to 24 h", options.idle_timeout.count()));
    auto routes = Routes::create(options.telemetry_path, std::move(pages));
    if (!routes) return std::unexpected(routes.error());
    auto listening = ListeningSocket::listen_on(options.listen_address);
    if (!listening) return std::unexpected(listening.error());
    const std::uint16_t port = listening->port();
    const std::string address = listening->address();
    auto daemon =
        std::make_unique<Daemon>(std::move(*routes), Connections(options.connection_limit), port, address, nullptr);
    errno = 0;
    if (!daemon->start(std::move(*listening), options))
        return fail(fmt::format("start the web server on {}: {}", address,
                                errno != 0 ? std::strerror(errno) : "libmicrohttpd refused"));
    return Server(std::move(daemon));
}

Server::Server(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

std::uint16_t Server::port() const { return daemon_->port; }
const std::string& Server::address() const { return daemon_->address; }

} // namespace web
