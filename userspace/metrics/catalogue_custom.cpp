// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_custom_metrics() {
    return {
        {Name::custom_files,
         "gunicorn_bpf_exporter_custom_files",
         MetricType::Gauge,
         "Number of files of the application's own metrics that this scrape shows",
         {},
         Scope::target,
         kFirst,
         "Absent where the application keeps none. See [operations.md](operations.md#the-applications-own-metrics)."},
        {Name::custom_files_refused,
         "gunicorn_bpf_exporter_custom_files_refused_total",
         MetricType::Counter,
         "Total number of times a file of the application's own metrics could not be read, by reason",
         {"reason"},
         Scope::target,
         kFirst,
         "Counted at each scrape. A file that was read before keeps its values; another one is left out. `reason`: "
         "`unknown_name`, `symbolic_link`, `no_regular_file`, `unreadable`, `malformed`, `truncated` (shorter than it "
         "says), `too_large` (more than 32 MiB in use), `too_many_files` (4096), `too_many_bytes` (256 MiB together)."},
        {Name::custom_series_refused,
         "gunicorn_bpf_exporter_custom_series_refused",
         MetricType::Gauge,
         "Number of the application's own series that this scrape leaves out, by reason",
         {"reason"},
         Scope::target,
         kFirst,
         "`reason`: `key` (not what the client writes), `name` (no name of a metric or label), `type_clash` (of "
         "another "
         "type elsewhere), `name_clash` (the exporter, or another metric of the application's, has that name), "
         "`too_many_series` (50,000 distinct ones)."},
        {Name::custom_reading_duration,
         "gunicorn_bpf_exporter_custom_reading_duration_seconds",
         MetricType::Gauge,
         "Time that it took to read the application's own metrics for this scrape",
         {},
         Scope::exporter,
         kFirst,
         ""},
    };
}

} // namespace metrics
