// SPDX-License-Identifier: BSD-2-Clause
// Sends one HTTP request over a connected socket and reads the beginning of the answer. Only for the health check: the
// server's identity is not verified.
#pragma once

#include <string>

#include "result.h"

namespace commands {

struct HealthAnswer {
    enum class Kind {
        line,              // the first line of an HTTP answer
        no_http,           // closed without one, or answered with something else: as a server that expects TLS does
        wants_certificate, // the other side asked for a client certificate and went no further without one
    };
    Kind kind = Kind::line;
    std::string line;
};

// `fd` has time limits of its own. Errors: no answer in time, what the system says.
Result<HealthAnswer> ask_plainly(int fd, const std::string& request);

// The same by TLS. The server's certificate is not verified: what is asked is this machine's own exporter, whose
// certificate is for other names than 127.0.0.1, and nothing secret is sent. No certificate of ours is presented.
// Errors also: what GnuTLS says.
Result<HealthAnswer> ask_by_tls(int fd, const std::string& request);

} // namespace commands
