// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_processes() {
    return {
        {Name::worker_info,
         "gunicorn_worker_info",
         MetricType::Gauge,
         "Process of a living worker; always 1",
         {"worker_id", "pid"},
         Scope::target,
         kFirst,
         "`pid` is the worker's process as the exporter sees it, which in a container need not be the pid that "
         "Gunicorn logs. Joins a worker with what other tools know by pid: `gunicorn_worker_cpu_percent * "
         "on (worker_id, master_pid) group_left (pid) gunicorn_worker_info`. Disappears when the worker ends."},
        {Name::worker_cpu_time,
         "gunicorn_worker_cpu_seconds_total",
         MetricType::Counter,
         "Total processor time used by worker, by mode",
         {"worker_id", "mode"},
         Scope::target,
         kFirst,
         "`mode` is `user` or `system`. Includes what the worker used before it was observed. Read at every sampling "
         "interval, so an ended worker lacks what it used after its last sample; one that ended before its first "
         "has no series. Children of the worker are not included."},
    };
}

} // namespace metrics
