// SPDX-License-Identifier: BSD-2-Clause
// What the name of a worker class says.
#pragma once

#include <string_view>

namespace gunicorn {

// Whether a worker of this class serves several requests in one thread. `worker_class` as in Facts: "gevent",
// "uvicorn.workers.UvicornWorker", "aiohttp.worker.GunicornWebWorker"; subclasses are recognised by their names.
bool is_event_loop(std::string_view worker_class);

} // namespace gunicorn
