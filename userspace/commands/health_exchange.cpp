// SPDX-License-Identifier: BSD-2-Clause
#include "commands/health_exchange.h"

#include <fmt/format.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <string_view>

#include "errno_text.h"

namespace commands {

namespace {

using Kind = HealthAnswer::Kind;

constexpr std::string_view kProtocol = "HTTP/";
constexpr std::size_t kMaxLineBytes = 1024;

bool may_be_http(std::string_view text) { return text.substr(0, kProtocol.size()) == kProtocol.substr(0, text.size()); }

bool is_enough(std::string_view text) {
    return text.contains('\r') || text.size() >= kMaxLineBytes || !may_be_http(text);
}

HealthAnswer answer_of(std::string_view text) {
    if (!text.starts_with(kProtocol)) return {Kind::no_http, {}};
    return {Kind::line, std::string(text.substr(0, text.find('\r')))};
}

struct FreeCredentials {
    void operator()(gnutls_certificate_credentials_t credentials) const {
        gnutls_certificate_free_credentials(credentials);
    }
};
struct EndSession {
    void operator()(gnutls_session_t session) const { gnutls_deinit(session); }
};
using Credentials = std::unique_ptr<std::remove_pointer_t<gnutls_certificate_credentials_t>, FreeCredentials>;
using Session = std::unique_ptr<std::remove_pointer_t<gnutls_session_t>, EndSession>;

Result<Session> session_over(int fd, gnutls_certificate_credentials_t credentials) {
    gnutls_session_t made = nullptr;
    if (const int code = gnutls_init(&made, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL); code != 0)
        return fail(gnutls_strerror(code));
    Session session(made);
    if (const int code = gnutls_set_default_priority(made); code != 0) return fail(gnutls_strerror(code));
    if (const int code = gnutls_credentials_set(made, GNUTLS_CRD_CERTIFICATE, credentials); code != 0)
        return fail(gnutls_strerror(code));
    gnutls_transport_set_int(made, fd);
    return session;
}

// Why the session went no further. With TLS 1.3 who asked for a certificate says no only after the handshake.
Result<HealthAnswer> end_of(gnutls_session_t session, ssize_t code) {
    if (code == GNUTLS_E_AGAIN) return fail("no answer in time");
    if (gnutls_certificate_client_get_request_status(session) != 0) return HealthAnswer{Kind::wants_certificate, {}};
    if (code == 0) return HealthAnswer{Kind::no_http, {}};
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        return fail(fmt::format("refused by TLS: {}", gnutls_alert_get_name(gnutls_alert_get(session))));
    return fail(gnutls_strerror(static_cast<int>(code)));
}

template <typename Call> auto uninterrupted(Call call) {
    auto result = call();
    while (result == GNUTLS_E_INTERRUPTED) result = call();
    return result;
}

} // namespace

Result<HealthAnswer> ask_plainly(int fd, const std::string& request) {
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return fail(errno_text(errno));
    std::string text;
    std::array<char, 256> bytes{};
    while (!is_enough(text)) {
        const auto count = recv(fd, bytes.data(), bytes.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        // Closed with our request unread.
        if (count == 0 || (count < 0 && errno == ECONNRESET)) return HealthAnswer{Kind::no_http, {}};
        if (count < 0) return fail(errno == EAGAIN ? "no answer in time" : errno_text(errno));
        text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return answer_of(text);
}

Result<HealthAnswer> ask_by_tls(int fd, const std::string& request) {
    gnutls_certificate_credentials_t made = nullptr;
    if (const int code = gnutls_certificate_allocate_credentials(&made); code != 0) return fail(gnutls_strerror(code));
    const Credentials credentials(made);
    TRY(const auto opened, session_over(fd, made));
    auto* const session = opened.get();
    if (const int code = uninterrupted([&] { return gnutls_handshake(session); }); code < 0)
        return end_of(session, code);
    if (const auto sent = uninterrupted([&] { return gnutls_record_send(session, request.data(), request.size()); });
        sent < 0)
        return end_of(session, sent);
    std::string text;
    std::array<char, 256> bytes{};
    while (!is_enough(text)) {
        const auto count = uninterrupted([&] { return gnutls_record_recv(session, bytes.data(), bytes.size()); });
        if (count <= 0) return end_of(session, count);
        text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return answer_of(text);
}

} // namespace commands
