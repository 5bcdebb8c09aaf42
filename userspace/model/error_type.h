// SPDX-License-Identifier: BSD-2-Clause
// Which responses count as errors, and of which type.
#pragma once

#include <string>
#include <string_view>

namespace model {

// The value of error_type for a cause that cannot be read from outside.
inline constexpr std::string_view kUnknownError = "unknown";

// gunicorn_worker_failed_requests_total counts every response of status >= 400; gunicorn_worker_error_handling_total
// counts errors that the worker handled. Empty: it is none.
//
// `exception`: the type of the exception behind the response (exception_matcher.h), as the kernel read it ("KeyError",
// "zlib.error", any bytes); empty when there was none or it could not be read. A server error (>= 500) is of that type,
// else of unknown cause. A response of status < 400 is an error if an exception ended it. A client error (4xx) is one
// of the worker's only if Gunicorn itself answers an exception, and then there is one (Responded::refused): an
// application that says 404 from an except block has handled what it caught.
//
// `nothing_raised`: it is known that no exception passed a framework while the request was served. Then a server error
// without an exception is the application's own answer, and none of the worker's errors.
std::string error_type_of(int status, std::string_view exception, bool nothing_raised = false);

// The name without its module ("error"), as text: bytes that are no UTF-8, and quotes, become "?".
std::string plain_name(std::string_view type_name);

} // namespace model
