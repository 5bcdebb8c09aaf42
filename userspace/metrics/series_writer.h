// SPDX-License-Identifier: BSD-2-Clause
// Families as lines of text, in one of the two formats that Prometheus reads.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/series_order.h"

namespace metrics {

enum class Format {
    text,        // Prometheus text format 0.0.4
    openmetrics, // OpenMetrics 1.0: counter families are named without _total; timestamps are seconds
};

class SeriesWriter {
public:
    SeriesWriter(std::string& out, Format format) : out_(out), format_(format) {}

    // HELP, TYPE and all series of a family.
    void write(const OrderedFamily& family);

private:
    using Series = prometheus::ClientMetric;

    void write_head(const prometheus::MetricFamily& family);
    void write_series(const Series& series, prometheus::MetricType type);
    void write_histogram(const Series& series);
    void write_summary(const Series& series);

    // One line: name_ + suffix, the labels of `series` and one more, if its name is not empty.
    void write_sample(const Series& series, std::string_view suffix, double value, std::string_view extra_name = {},
                      double extra_value = 0);
    void render_labels(const Series& series);

    std::string& out_;
    Format format_;
    std::string name_;   // of the family, as its samples bear it (without the suffix)
    std::string labels_; // of the series being written: name="value",… without braces
};

// A whole scrape, without what a format puts at its end.
void write_families(std::string& out, const std::vector<prometheus::MetricFamily>& families, Format format);

} // namespace metrics
