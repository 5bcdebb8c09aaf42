// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_python() {
    return {
        {Name::worker_gc_pause,
         "gunicorn_worker_gc_pause_seconds",
         MetricType::Histogram,
         "Duration of garbage collector pauses in the worker",
         {"worker_id", "generation"},
         Scope::target,
         kFirst,
         "One observation per run of the cyclic garbage collector, automatic or by `gc.collect()`; `generation` is 0 "
         "to 2. Present only if the interpreter was built with USDT probes (as Debian's and Fedora's are); see "
         "`gunicorn_bpf_exporter_python_probes`. Absent with `--no-collector.gc`."},
        {Name::worker_import_time,
         "gunicorn_worker_import_seconds_total",
         MetricType::Counter,
         "Total time that the worker spent importing modules",
         {"worker_id", "phase"},
         Scope::target,
         kFirst,
         "Present with `--python-imports`, if the interpreter has USDT probes. `phase` is `boot` (before the worker "
         "accepted its first connection) or `serving` (afterwards, when a client may be waiting). Only outermost "
         "imports are timed, since they contain the nested ones. Imports in the master (`--preload`) do not count. "
         "`boot` is missing for workers that started before the probes were attached, such as the first ones of a "
         "Gunicorn whose interpreter was not in use before."},
        {Name::worker_imports,
         "gunicorn_worker_imports_total",
         MetricType::Counter,
         "Total number of modules that the worker imported",
         {"worker_id", "phase"},
         Scope::target,
         kFirst,
         "Present under the same conditions as `gunicorn_worker_import_seconds_total`. A module that was already "
         "imported does not count; a module that was not found does."},
    };
}

} // namespace metrics
