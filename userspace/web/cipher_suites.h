// SPDX-License-Identifier: BSD-2-Clause
// What the configuration names in Go's words, in GnuTLS' words.
#pragma once

#include <string>
#include <string_view>

#include "result.h"
#include "web/config.h"

namespace web {

bool is_cipher_suite(std::string_view name);
bool is_curve(std::string_view name);

// GnuTLS combines each key exchange with each cipher. A list of suites that is not such a product is refused, with the
// name of what would be offered beside it. Where suites of TLS 1.2 are listed, those of TLS 1.3 are the ones with the
// same ciphers.
Result<std::string> priority_string(const TlsConfig& config);

} // namespace web
