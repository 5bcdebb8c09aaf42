// SPDX-License-Identifier: BSD-2-Clause
// Which responses count as errors, and of which type, as long as nothing but their status tells.
#pragma once

#include <string_view>

namespace model {

// The value of error_type for a cause that cannot be read from outside.
inline constexpr std::string_view kUnknownError = "unknown";

// gunicorn_worker_failed_requests_total counts every response of status >= 400; gunicorn_worker_error_handling_total
// counts errors that the worker handled. From a status alone that is one of unknown cause for a server error (>= 500),
// and none for a client error (4xx).
constexpr std::string_view error_type_of_status(int status) { return status >= 500 ? kUnknownError : ""; }

} // namespace model
