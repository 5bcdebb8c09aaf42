// SPDX-License-Identifier: BSD-2-Clause
// Compression of a page, RFC 1952.
#pragma once

#include <string>
#include <string_view>

#include "result.h"

namespace web {

// The page as one gzip member. Fails only when zlib gets no memory.
Result<std::string> gzip(std::string_view page);

} // namespace web
