// SPDX-License-Identifier: BSD-2-Clause
// What a Gunicorn is: its version, its worker class, its name and its addresses.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "python/memory.h"

namespace python {
class Objects;
}

namespace gunicorn {

// Keyed by the names of gunicorn_info's labels: version, worker_class, python, app, bind, age_source. What is not known
// is not in it. Besides, and no labels: tls and proxy_protocol, "on" or "off"; concurrency, "sync", "gthread" or
// "other", which of the two the worker class is or is derived from.
using Facts = std::map<std::string, std::string>;

// version, worker_class, concurrency, app, bind, tls and proxy_protocol, as far as the Arbiter's memory tells.
// `globals`: of the module gunicorn.arbiter.
Facts facts_of(const python::Objects& objects, python::Address arbiter, python::Address globals);

// worker_class and bind, as far as they are options. Others may come from a configuration file or the environment.
Facts facts_of_command_line(const std::vector<std::string>& command_line);

} // namespace gunicorn
