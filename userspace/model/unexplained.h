// SPDX-License-Identifier: BSD-2-Clause
// Error responses of an event loop that nothing explains yet.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "event/event.h"
#include "model/request_path.h"

namespace model {

// An application that is mounted in another one answers for itself, and its exception goes on to the server through the
// outer one's middleware, in later turns of the loop. So the server logs it after the response. It logs for which
// request (its ASGI scope), and each record explains one response: of two for one path it may be the other one, and the
// numbers are the same.
class Unexplained {
public:
    struct Response {
        event::Execution by;
        event::KernelTime at;
        std::string method;
        RequestPath path;
        std::string endpoint; // as labelled
    };

    // True if its exception may be logged later, and there is room for it.
    bool add(const event::Responded& responded, Response response);

    // The response that this explains.
    std::optional<Response> take(const event::Logged& logged);

    // Takes the responses for which nothing is expected any more. `now`: CLOCK_MONOTONIC.
    std::vector<Response> take_expired(event::KernelTime now);

private:
    std::deque<Response> responses_; // in the order of their records
};

} // namespace model
