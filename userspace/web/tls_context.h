// SPDX-License-Identifier: BSD-2-Clause
// How TLS connections are made: certificate, versions, and what is asked of clients. One is shared by all connections
// that were accepted while it was in force, so that a new configuration concerns new connections only.
#pragma once

#include <gnutls/gnutls.h>

#include <memory>
#include <string>
#include <vector>

#include "result.h"
#include "web/config.h"

namespace web {

class TlsContext {
public:
    // Reads the files that the configuration names. Errors: a file that cannot be read or is no PEM, a key that is
    // not the certificate's, a priority that GnuTLS refuses.
    static Result<std::shared_ptr<const TlsContext>> create(const TlsConfig& config);

    // Before the session's handshake. `this` has to outlive the session.
    void prepare(gnutls_session_t session) const;

    // What the verification says, once the peer's certificate has arrived: GnuTLS' error code, 0 when it may pass.
    int judge(gnutls_session_t session) const;

private:
    struct FreeCredentials {
        void operator()(gnutls_certificate_credentials_t credentials) const {
            gnutls_certificate_free_credentials(credentials);
        }
    };
    struct FreePriority {
        void operator()(gnutls_priority_t priority) const { gnutls_priority_deinit(priority); }
    };

    TlsContext() = default;
    Result<void> load(const TlsConfig& config);
    bool has_allowed_name(gnutls_session_t session) const;

    std::unique_ptr<std::remove_pointer_t<gnutls_certificate_credentials_t>, FreeCredentials> credentials_;
    std::unique_ptr<std::remove_pointer_t<gnutls_priority_t>, FreePriority> priority_;
    ClientAuth client_auth_ = ClientAuth::none;
    std::vector<std::string> allowed_sans_;
};

} // namespace web
