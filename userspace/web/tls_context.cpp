// SPDX-License-Identifier: BSD-2-Clause
// GnuTLS' credentials, and the verification of clients during the handshake.
#include "web/tls_context.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string_view>

#include "web/cipher_suites.h"

namespace web {
namespace {

Result<std::string> contents(const Pem& pem, std::string_view key) {
    if (pem.file.empty()) return pem.text;
    std::ifstream stream(pem.file);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream || text.str().empty()) return fail(fmt::format("{}: {} cannot be read", key, pem.file.string()));
    return text.str();
}

gnutls_datum_t datum(const std::string& text) {
    return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), static_cast<unsigned>(text.size())};
}

std::string named(std::string_view key, const Pem& pem) {
    return pem.file.empty() ? std::string(key) : fmt::format("{}_file {}", key, pem.file.string());
}

// libmicrohttpd uses the session's own pointer; that of the session database is free, since there is none: without
// it and without tickets, no session is resumed and each client is verified anew.
const TlsContext* context_of(gnutls_session_t session) {
    return static_cast<const TlsContext*>(gnutls_db_get_ptr(session));
}

int verify_peer(gnutls_session_t session) {
    const int verdict = context_of(session)->judge(session);
    if (verdict == 0) return 0;
    // libmicrohttpd closes without a word; the client shall know why.
    gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
    return verdict;
}

struct Certificate {
    Certificate() { gnutls_x509_crt_init(&handle); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;
    ~Certificate() { gnutls_x509_crt_deinit(handle); }
    gnutls_x509_crt_t handle = nullptr;
};

// As text: addresses are bytes in the certificate.
std::string name_as_text(int type, std::string_view value) {
    if (type != GNUTLS_SAN_IPADDRESS) return std::string(value);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = value.size() == 4 ? AF_INET : AF_INET6;
    if (value.size() != 4 && value.size() != 16) return {};
    return inet_ntop(family, value.data(), text.data(), text.size()) == nullptr ? std::string{} : text.data();
}

} // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const TlsConfig& config) {
    const std::shared_ptr<TlsContext> context(new TlsContext());
    TRY_VOID(context->load(config));
    return context;
}

Result<void> TlsContext::load(const TlsConfig& config) {
    client_auth_ = config.client_auth;
    allowed_sans_ = config.client_allowed_sans;
    gnutls_certificate_credentials_t credentials = nullptr;
    if (gnutls_certificate_allocate_credentials(&credentials) != 0) return fail("TLS: out of memory");
    credentials_.reset(credentials);

    TRY(const auto certificate, contents(config.certificate, "cert_file"));
    TRY(const auto key, contents(config.key, "key_file"));
    const auto certificate_datum = datum(certificate);
    const auto key_datum = datum(key);
    if (const int error = gnutls_certificate_set_x509_key_mem2(credentials, &certificate_datum, &key_datum,
                                                               GNUTLS_X509_FMT_PEM, nullptr, 0);
        error < 0)
        return fail(fmt::format("{} with {}: {}", named("cert", config.certificate), named("key", config.key),
                                gnutls_strerror(error)));
    if (config.client_ca.given()) {
        TRY(const auto authorities, contents(config.client_ca, "client_ca_file"));
        const auto authorities_datum = datum(authorities);
        const int loaded = gnutls_certificate_set_x509_trust_mem(credentials, &authorities_datum, GNUTLS_X509_FMT_PEM);
        if (loaded <= 0)
            return fail(fmt::format("{}: {}", named("client_ca", config.client_ca),
                                    loaded == 0 ? "there is no certificate in it" : gnutls_strerror(loaded)));
    }

    TRY(const auto priority, priority_string(config));
    gnutls_priority_t parsed = nullptr;
    if (const int error = gnutls_priority_init(&parsed, priority.c_str(), nullptr); error != 0)
        return fail(fmt::format("TLS versions, cipher suites and curves: {} ({})", gnutls_strerror(error), priority));
    priority_.reset(parsed);
    return {};
}

void TlsContext::prepare(gnutls_session_t session) const {
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_.get());
    gnutls_priority_set(session, priority_.get());
    const bool required = client_auth_ == ClientAuth::require_any || client_auth_ == ClientAuth::require_and_verify;
    gnutls_certificate_server_set_request(session, client_auth_ == ClientAuth::none ? GNUTLS_CERT_IGNORE
                                                   : required                       ? GNUTLS_CERT_REQUIRE
                                                                                    : GNUTLS_CERT_REQUEST);
    if (client_auth_ == ClientAuth::none) return;
    gnutls_db_set_ptr(session, const_cast<TlsContext*>(this));
    gnutls_session_set_verify_function(session, verify_peer);
}

int TlsContext::judge(gnutls_session_t session) const {
    unsigned count = 0;
    const bool given = gnutls_certificate_get_peers(session, &count) != nullptr && count != 0;
    const bool required = client_auth_ == ClientAuth::require_any || client_auth_ == ClientAuth::require_and_verify;
    if (!given) return required ? GNUTLS_E_CERTIFICATE_REQUIRED : 0;
    const bool verifies = client_auth_ == ClientAuth::verify_if_given || client_auth_ == ClientAuth::require_and_verify;
    if (verifies) {
        std::string purpose = GNUTLS_KP_TLS_WWW_CLIENT;
        gnutls_typed_vdata_st wanted{
            .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = reinterpret_cast<unsigned char*>(purpose.data()), .size = 0};
        unsigned status = 0;
        if (gnutls_certificate_verify_peers(session, &wanted, 1, &status) != 0 || status != 0)
            return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
    }
    return allowed_sans_.empty() || has_allowed_name(session) ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

bool TlsContext::has_allowed_name(gnutls_session_t session) const {
    unsigned count = 0;
    const gnutls_datum_t* const chain = gnutls_certificate_get_peers(session, &count);
    const Certificate certificate;
    if (chain == nullptr || count == 0 || gnutls_x509_crt_import(certificate.handle, chain, GNUTLS_X509_FMT_DER) != 0)
        return false;
    for (unsigned index = 0;; ++index) {
        std::array<char, 1024> name{}; // a longer one is none that anybody lists
        std::size_t size = name.size();
        const int type = gnutls_x509_crt_get_subject_alt_name(certificate.handle, index, name.data(), &size, nullptr);
        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;
        if (type < 0) return false;
        if (std::ranges::find(allowed_sans_, name_as_text(type, {name.data(), size})) != allowed_sans_.end())
            return true;
    }
}

} // namespace web
