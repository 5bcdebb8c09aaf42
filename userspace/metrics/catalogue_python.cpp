// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_python() {
    return {
        {Name::worker_gc_pause,
         "gunicorn_worker_gc_pause_seconds",
         MetricType::Histogram,
         "Time for which Python's garbage collector stopped the worker's code",
         {"worker_id", "generation"},
         Scope::target,
         kFirst,
         "Each run of the cyclic collector, automatic or by `gc.collect()`; `generation` 0 to 2. Only where the "
         "interpreter was built with USDT probes (Debian's, Fedora's): `gunicorn_bpf_exporter_python_probes`. Not with "
         "`--no-collector.gc`."},
        {Name::worker_import_time,
         "gunicorn_worker_import_seconds_total",
         MetricType::Counter,
         "Total time in which the worker imported modules",
         {"worker_id", "phase"},
         Scope::target,
         kFirst,
         "With `--python-imports` only, and where the interpreter has USDT probes. `phase`: `boot`, before the worker "
         "accepted its first connection; `serving`, afterwards, when somebody may wait for it. Of the outermost "
         "imports, "
         "which contain the others. What the master imports (`--preload`) is not the worker's. No `boot` of a worker "
         "that "
         "began before the probes were there, as the first ones of a Gunicorn whose Python nobody ran before."},
        {Name::worker_imports,
         "gunicorn_worker_imports_total",
         MetricType::Counter,
         "Total number of modules that the worker imported",
         {"worker_id", "phase"},
         Scope::target,
         kFirst,
         "As `gunicorn_worker_import_seconds_total`. Modules that were imported before do not count, those that were "
         "not found do."},
    };
}

} // namespace metrics
