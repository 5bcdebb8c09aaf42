// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/reference_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <span>

#include "event/totals.h"
#include "metrics/catalogue.h"
#include "metrics/exposition.h"

namespace metrics {
namespace {

constexpr std::string_view kOpening = R"(# Metrics

<!-- Generated from userspace/metrics/catalogue.cpp; tests/unit/metrics says how to write it anew. -->

Times are in seconds, sizes in bytes. Counters and histograms of a worker stay for the retention time (`--retention`,
5 minutes by default) after it has ended; its gauges disappear at once.

**Target labels.** With exactly one `--pid` the series have the labels listed here and no others. In every other mode
`app` and `master_pid` are appended to all series that say "Target labels: yes", and for a Gunicorn in a container also
`namespace`, `pod` and `container`, as far as they are known.

**worker_id** is `worker_<age>_<start>`: Gunicorn's own worker number and the Unix time of the fork in seconds.

**method** is a registered HTTP method as sent, otherwise `invalid`.

**endpoint** is the path without its query: the first `--route` that matches, otherwise the path with identifiers folded
to `{id}` (digits), `{uuid}`, `{date}` (ISO 8601) and `{hash}` (16 or more hexadecimal digits, at least one of them a
decimal digit). Beyond `--endpoint-limit` distinct values it is `other`. `*` and the authority of CONNECT are kept as they
are; bytes that are not printable UTF-8 text are percent-encoded. The endpoint of a request line that is not HTTP is
`invalid`, that of a path longer than the part that the exporter keeps is `other`.
)";

std::string_view type_of(const Metric& metric) {
    switch (metric.type) {
    case prometheus::MetricType::Counter:
        return "counter";
    case prometheus::MetricType::Histogram:
        return "histogram";
    default:
        return "gauge";
    }
}

std::string labels_of(const Metric& metric) {
    if (metric.labels.empty()) return "none";
    return fmt::format("`{}`", fmt::join(metric.labels, "`, `"));
}

std::span<const double> bounds_of(const Metric& metric) {
    if (metric.name == Name::worker_gc_pause) return event::kPauseBoundsSeconds;
    if (metric.text.ends_with("_lifetime_seconds")) return event::kLifetimeBoundsSeconds;
    if (metric.text.ends_with("_bytes")) return event::kSizeBoundsBytes;
    return event::kDurationBoundsSeconds;
}

std::string section(const Metric& metric) {
    auto text = fmt::format("\n### {}\n\n{}.\n\n", metric.text, metric.help);
    fmt::format_to(std::back_inserter(text), "- Type: {}\n- Labels: {}\n- Target labels: {}\n- Since: {}\n",
                   type_of(metric), labels_of(metric), metric.scope == Scope::target ? "yes" : "no", metric.since);
    if (metric.type == prometheus::MetricType::Histogram) {
        text += "- Buckets:";
        for (const auto bound : bounds_of(metric)) {
            text += ' ';
            append_number(text, bound);
        }
        text += "\n";
    }
    if (!metric.notes.empty()) fmt::format_to(std::back_inserter(text), "\n{}\n", metric.notes);
    return text;
}

} // namespace

std::string reference_page() {
    std::string page(kOpening);
    for (const auto& metric : catalogue()) {
        if (metric.name == Name::worker_requests) page += "\n## Documented metrics\n";
        if (metric.name == Name::worker_responses) page += "\n## More about workers\n";
        if (metric.name == Name::workers) page += "\n## Saturation, waiting, sizes, routes\n";
        if (metric.name == Name::worker_gc_pause) page += "\n## Python\n";
        if (metric.name == Name::worker_info) page += "\n## Processes\n";
        if (metric.name == Name::master_worker_spawns) page += "\n## Masters\n";
        if (metric.name == Name::build_info) page += "\n## The exporter itself\n";
        page += section(metric);
    }
    return page;
}

} // namespace metrics
