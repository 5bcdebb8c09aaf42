// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_custom_metrics() {
    return {
        {Name::custom_files,
         "gunicorn_bpf_exporter_custom_files",
         MetricType::Gauge,
         "Number of multiprocess files whose metrics are part of this scrape",
         {},
         Scope::target,
         kFirst,
         "Absent if the application has no such files. See "
         "[operations.md](../operations.md#the-applications-own-metrics)."},
        {Name::custom_files_refused,
         "gunicorn_bpf_exporter_custom_files_refused_total",
         MetricType::Counter,
         "Total number of failed reads of a multiprocess file, by reason",
         {"reason"},
         Scope::target,
         kFirst,
         "Counted at each scrape. A file that was read before keeps its last values; any other file is left out. "
         "`reason` is `unknown_name`, `symbolic_link`, `no_regular_file`, `unreadable`, `malformed`, `truncated` "
         "(shorter than its header says), `too_large` (more than 32 MiB in use), `too_many_files` (more than 16,384; "
         "those of dead workers are left out first) "
         "or `too_many_bytes` (more than 256 MiB together)."},
        {Name::custom_series_refused,
         "gunicorn_bpf_exporter_custom_series_refused",
         MetricType::Gauge,
         "Number of the application's own series that are left out of this scrape, by reason",
         {"reason"},
         Scope::target,
         kFirst,
         "`reason` is `key` (not in the client's format), `name` (not a valid metric or label name), `type_clash` "
         "(the same name with another type elsewhere), `name_clash` (the name belongs to the exporter or to another "
         "metric of the application) or `too_many_series` (more than 50,000 distinct ones)."},
        {Name::custom_reading_duration,
         "gunicorn_bpf_exporter_custom_reading_duration_seconds",
         MetricType::Gauge,
         "Time taken to read the application's own metrics for this scrape",
         {},
         Scope::exporter,
         kFirst,
         ""},
    };
}

} // namespace metrics
