// SPDX-License-Identifier: BSD-2-Clause
// A listening TCP socket from an address as a person writes it. Bound here and not by libmicrohttpd, which
// reports every failure as a null pointer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "descriptor.h"
#include "result.h"

namespace web {

// Owns the descriptor.
class ListeningSocket {
public:
    // "127.0.0.1:9091", "[::1]:9091", "localhost:9091", or ":9091" for every interface. Port 0 takes a free one.
    // Errors: not an address, unknown host, in use, not permitted.
    static Result<ListeningSocket> listen_on(std::string_view address);

    int descriptor() const { return descriptor_.get(); }
    std::uint16_t port() const { return port_; }            // as bound, never 0
    const std::string& address() const { return address_; } // as bound, for example "[::1]:9091"

    // The caller closes it from now on.
    int release() { return descriptor_.release(); }

private:
    explicit ListeningSocket(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
    bool read_bound_address();

    Descriptor descriptor_;
    std::uint16_t port_ = 0;
    std::string address_;
};

} // namespace web
