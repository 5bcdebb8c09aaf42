// SPDX-License-Identifier: BSD-2-Clause
// The only file that calls libmicrohttpd.
#include "web/daemon.h"

#include <fmt/format.h>
#include <gnutls/abstract.h>
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

namespace web {
namespace {

// libmicrohttpd 0.9.75 can crash when it is stopped in the moment in which its thread refuses a malformed request. So
// it gets a moment to finish what is open; connections that stay (a scraper's, kept alive) are idle then.
void wait_for_drain(MHD_Daemon* daemon) {
    constexpr auto kPause = std::chrono::milliseconds(5);
    for (auto waited = kPause; waited < std::chrono::milliseconds(200); waited += kPause) {
        const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        if (info == nullptr || info->num_connections == 0) return;
        std::this_thread::sleep_for(kPause);
    }
}

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

gnutls_session_t session_of(MHD_Connection* connection) {
    const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == nullptr ? nullptr : static_cast<gnutls_session_t>(info->tls_session);
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

Answer unauthorized() {
    Answer answer = sentence(401, "Unauthorized");
    answer.headers.emplace_back(MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic");
    return answer;
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

// Each session gets the credentials that are in force when it begins; see TlsContext::prepare().
int no_certificate(gnutls_session_t /*session*/, const gnutls_datum_t* /*authorities*/, int /*authority_count*/,
                   const gnutls_pk_algorithm_t* /*algorithms*/, int /*algorithm_count*/,
                   gnutls_pcert_st** /*certificates*/, unsigned* /*count*/, gnutls_privkey_t* /*key*/) {
    return -1;
}

using HeldContext = std::shared_ptr<const TlsContext>;

} // namespace

struct Server::Daemon::Exchange {
    std::shared_ptr<const Protection> protection;
    bool head_seen = false;
    std::optional<bool> admitted; // not known yet
};

void StopDaemon::operator()(MHD_Daemon* daemon) const {
    wait_for_drain(daemon);
    MHD_stop_daemon(daemon);
}

Server::Daemon::Daemon(Routes served, const Options& options, Protection guarding)
    : tls(guarding.tls != nullptr), routes_(std::move(served)),
      connections_(options.connection_limit, options.deadlines),
      protection_(std::make_shared<const Protection>(std::move(guarding))) {}

Server::Daemon::~Daemon() {
    acceptor_.reset();
    passwords_.end(); // libmicrohttpd does not stop while requests are suspended
}

void Server::Daemon::protect(Protection guarding) {
    auto next = std::make_shared<const Protection>(std::move(guarding));
    const std::lock_guard lock(mutex_);
    protection_ = std::move(next);
}

std::shared_ptr<const Protection> Server::Daemon::protection() const {
    const std::lock_guard lock(mutex_);
    return protection_;
}

// Exceptions must not pass through libmicrohttpd's C frames.
Answer Server::Daemon::answer(const Request& request) const try {
    return routes_.answer(request);
} catch (const std::exception& failure) {
    return sentence(503, fmt::format("answer {}: {}", request.path, failure.what()));
}

// False: not known yet. The request is suspended then and comes again.
bool Server::Daemon::admits(Exchange& exchange, MHD_Connection* connection) {
    const auto passwords = exchange.protection->passwords;
    if (!passwords) exchange.admitted = true;
    if (exchange.admitted) return true;
    auto given = basic_credentials(header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION));
    if (!given || passwords->remembers(*given)) {
        exchange.admitted = given.has_value();
        return true;
    }
    MHD_suspend_connection(connection);
    const auto verify = [passwords, given = std::move(*given), connection, &exchange] {
        exchange.admitted = passwords->verify(given);
        MHD_resume_connection(connection);
    };
    if (!passwords_.submit(verify)) { // the server stops
        exchange.admitted = false;
        MHD_resume_connection(connection);
    }
    return false;
}

// Called when the head is complete, for each piece of a body, and at the end.
MHD_Result Server::Daemon::on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                      const char* /*version*/, const char* /*upload*/, size_t* upload_bytes,
                                      void** state) {
    auto& daemon = *static_cast<Daemon*>(self);
    if (*state == nullptr) {
        *state = new Exchange{.protection = daemon.protection(), .head_seen = false, .admitted = {}};
        daemon.connections_.progressed(descriptor_of(connection));
    }
    auto& exchange = *static_cast<Exchange*>(*state);
    const std::string_view verb(method);
    const bool body_expected = verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD;
    // An answer at the first call closes the connection after it: right for a body that nobody wants to read, a
    // waste for a scraper that keeps its connection.
    const bool first_call = !std::exchange(exchange.head_seen, true);
    if (first_call && !body_expected) return MHD_YES;
    if (*upload_bytes != 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (!daemon.admits(exchange, connection)) return MHD_YES;
    return daemon.respond(exchange, connection, url, verb);
}

MHD_Result Server::Daemon::respond(Exchange& exchange, MHD_Connection* connection, std::string_view url,
                                   std::string_view method) {
    Answer given = *exchange.admitted
                       ? answer(Request{.method = method,
                                        .path = url,
                                        .accept = header_of(connection, MHD_HTTP_HEADER_ACCEPT),
                                        .accept_encoding = header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING),
                                        .if_none_match = header_of(connection, MHD_HTTP_HEADER_IF_NONE_MATCH)})
                       : unauthorized();
    for (const auto& header : exchange.protection->headers) given.headers.push_back(header);
    const Response response = make_response(given);
    if (!response) return MHD_NO;
    return MHD_queue_response(connection, static_cast<unsigned>(given.status), response.get());
}

void Server::Daemon::on_completed(void* self, MHD_Connection* connection, void** state,
                                  MHD_RequestTerminationCode /*how*/) {
    static_cast<Daemon*>(self)->connections_.answered(descriptor_of(connection));
    delete static_cast<Exchange*>(std::exchange(*state, nullptr));
}

// `state` keeps the context that the connection began with.
void Server::Daemon::on_connection(void* self, MHD_Connection* connection, void** state,
                                   MHD_ConnectionNotificationCode what) {
    auto& daemon = *static_cast<Daemon*>(self);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        auto* const session = session_of(connection);
        const auto context = daemon.protection()->tls;
        if (session == nullptr || !context) return;
        context->prepare(session);
        *state = new HeldContext(context);
    } else {
        daemon.connections_.closed(descriptor_of(connection));
        delete static_cast<HeldContext*>(std::exchange(*state, nullptr));
    }
}

bool Server::Daemon::start_serving(const Options& options) {
    // Of each connection: a longer head is refused (414, 431), and a page is sent from where it is.
    constexpr std::size_t kHeadBytes = 32 * 1024;
    const AllSignalsBlocked blocked;
    passwords_.start();
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                           (tls ? static_cast<unsigned>(MHD_USE_TLS) : 0U);
    const MHD_OptionItem with_tls[] = {{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, reinterpret_cast<void*>(no_certificate)},
                                       {MHD_OPTION_END, 0, nullptr}};
    const MHD_OptionItem without[] = {{MHD_OPTION_END, 0, nullptr}};
    mhd_.reset(MHD_start_daemon(flags, 0, nullptr, nullptr, on_request, this, MHD_OPTION_CONNECTION_LIMIT,
                                options.connection_limit + Acceptor::kMaxEnding + 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                kHeadBytes, MHD_OPTION_NOTIFY_CONNECTION, on_connection, this,
                                MHD_OPTION_NOTIFY_COMPLETED, on_completed, this, MHD_OPTION_ARRAY,
                                tls ? with_tls : without, MHD_OPTION_END));
    return mhd_ != nullptr;
}

Result<void> Server::Daemon::start_accepting(std::vector<ListeningSocket> sockets) {
    const AllSignalsBlocked blocked;
    TRY(acceptor_, Acceptor::start(std::move(sockets), connections_,
                                   [this](int descriptor, const sockaddr* from, socklen_t length) {
                                       // Closes the descriptor when it cannot take it.
                                       return MHD_add_connection(mhd_.get(), descriptor, from, length) == MHD_YES;
                                   }));
    return {};
}

} // namespace web
