// SPDX-License-Identifier: BSD-2-Clause
// Percent-encoding (RFC 3986 section 2.1).
#pragma once

#include <string>
#include <string_view>

namespace http {

// "/a b" of "/a%20b". What is no encoding ("%", "%2", "%zz") stays as it is. Any bytes may come out.
std::string percent_decoded(std::string_view text);

} // namespace http
