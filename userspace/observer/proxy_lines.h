// SPDX-License-Identifier: BSD-2-Clause
// A line of the PROXY protocol that a server takes for a request.
#pragma once

#include <vector>

#include "event/event.h"
#include "gunicorn/master.h"

namespace observer {

// The kernel takes such a line for no request. A server without the protocol refuses it, and does not come to the
// request behind it: the line is the request's then.
void restore_proxy_line(event::Event& event, const std::vector<gunicorn::Master>& masters);

} // namespace observer
