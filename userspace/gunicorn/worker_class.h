// SPDX-License-Identifier: BSD-2-Clause
// What the name of a worker class says.
#pragma once

#include <string_view>

#include "event/concurrency.h"
#include "gunicorn/master.h"

namespace gunicorn {

// Whether a worker of this class serves several requests in one thread. `worker_class` as in Facts: "gevent",
// "uvicorn.workers.UvicornWorker", "aiohttp.worker.GunicornWebWorker"; subclasses are recognised by their names.
bool is_event_loop(std::string_view worker_class);

// What serves the connections of the master's workers. Classes derived from sync or gthread are known where its Arbiter
// can be read; where that has not been tried yet, nothing is known.
event::Concurrency concurrency_of(const Master& master);

// Whether the master's workers take a line of the PROXY protocol for none of a request's: not without the option, nor
// where another parser than Gunicorn's reads. True where it is not known.
bool takes_proxy_lines(const Master& master);

} // namespace gunicorn
