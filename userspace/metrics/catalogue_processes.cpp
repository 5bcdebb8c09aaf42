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
        {Name::worker_open_fds,
         "gunicorn_worker_open_fds",
         MetricType::Gauge,
         "Number of open file descriptors of worker",
         {"worker_id"},
         Scope::target,
         kFirst,
         "Read at every sampling interval. Since Linux 6.2 the kernel tells the number, in 2 µs for any number of "
         "descriptors; before, it has to list them, which takes 10 µs, or 7 ms for 10,000."},
        {Name::worker_max_fds,
         "gunicorn_worker_max_fds",
         MetricType::Gauge,
         "Largest number of file descriptors that worker may have open",
         {"worker_id"},
         Scope::target,
         kFirst,
         "The soft limit (`RLIMIT_NOFILE`) in `/proc/<pid>/limits`. A worker that reaches it cannot accept "
         "connections."},
        {Name::master_open_fds,
         "gunicorn_master_open_fds",
         MetricType::Gauge,
         "Number of open file descriptors of the master",
         {},
         Scope::target,
         kFirst,
         "Of the living master, or of the youngest one while a successor (USR2) takes over, like the other gauges of a "
         "master. They disappear when it ends."},
        {Name::master_max_fds,
         "gunicorn_master_max_fds",
         MetricType::Gauge,
         "Largest number of file descriptors that the master may have open",
         {},
         Scope::target,
         kFirst,
         "The soft limit (`RLIMIT_NOFILE`)."},
        {Name::master_threads,
         "gunicorn_master_threads",
         MetricType::Gauge,
         "Number of threads of the master",
         {},
         Scope::target,
         kFirst,
         "Operating system threads. A master with more than one forks workers that may inherit locks held by the "
         "others."},
        {Name::master_memory,
         "gunicorn_master_memory_bytes",
         MetricType::Gauge,
         "Memory usage of the master in bytes",
         {},
         Scope::target,
         kFirst,
         "The resident set size (`VmRSS`)."},
    };
}

} // namespace metrics
