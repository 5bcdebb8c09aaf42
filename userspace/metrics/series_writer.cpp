// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/series_writer.h"

#include <cmath>
#include <limits>

#include "metrics/exposition.h"

namespace metrics {
namespace {

using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

std::string_view name_of(MetricType type, Format format) {
    switch (type) {
    case MetricType::Counter:
        return "counter";
    case MetricType::Gauge:
        return "gauge";
    case MetricType::Summary:
        return "summary";
    case MetricType::Histogram:
        return "histogram";
    default:
        return format == Format::openmetrics ? "unknown" : "untyped";
    }
}

} // namespace

void SeriesWriter::write(const OrderedFamily& family) {
    write_head(*family.head);
    for (const auto* series : family.series) {
        render_labels(*series);
        write_series(*series, family.head->type);
    }
}

void SeriesWriter::write_head(const prometheus::MetricFamily& family) {
    name_ = family.name;
    const bool total = name_.ends_with(kTotal) && name_.size() > kTotal.size();
    if (format_ == Format::openmetrics && family.type == MetricType::Counter && total)
        name_.resize(name_.size() - kTotal.size());
    out_.append("# HELP ").append(name_).append(" ");
    append_escaped(out_, family.help, format_ == Format::openmetrics ? Quotes::escape : Quotes::keep);
    out_.append("\n# TYPE ").append(name_).append(" ").append(name_of(family.type, format_)).append("\n");
}

void SeriesWriter::write_series(const Series& series, MetricType type) {
    switch (type) {
    case MetricType::Counter:
        write_sample(series, format_ == Format::openmetrics ? kTotal : "", series.counter.value);
        break;
    case MetricType::Gauge:
        write_sample(series, "", series.gauge.value);
        break;
    case MetricType::Histogram:
        write_histogram(series);
        break;
    case MetricType::Summary:
        write_summary(series);
        break;
    default:
        write_sample(series, "", series.untyped.value);
    }
}

// The bucket +Inf is the count, whether the histogram lists it or not.
void SeriesWriter::write_histogram(const Series& series) {
    const auto& histogram = series.histogram;
    const auto count = static_cast<double>(histogram.sample_count);
    for (const auto& bucket : histogram.bucket)
        if (!std::isinf(bucket.upper_bound))
            write_sample(series, "_bucket", static_cast<double>(bucket.cumulative_count), "le", bucket.upper_bound);
    write_sample(series, "_bucket", count, "le", std::numeric_limits<double>::infinity());
    write_sample(series, "_sum", histogram.sample_sum);
    write_sample(series, "_count", count);
}

void SeriesWriter::write_summary(const Series& series) {
    for (const auto& each : series.summary.quantile) write_sample(series, "", each.value, "quantile", each.quantile);
    write_sample(series, "_sum", series.summary.sample_sum);
    write_sample(series, "_count", static_cast<double>(series.summary.sample_count));
}

void SeriesWriter::render_labels(const Series& series) {
    labels_.clear();
    for (const auto& label : series.label) {
        if (!labels_.empty()) labels_ += ',';
        labels_.append(label.name).append("=\"");
        append_escaped(labels_, label.value, Quotes::escape);
        labels_ += '"';
    }
}

void SeriesWriter::write_sample(const Series& series, std::string_view suffix, double value,
                                std::string_view extra_name, double extra_value) {
    out_.append(name_).append(suffix);
    if (!labels_.empty() || !extra_name.empty()) {
        out_.append("{").append(labels_);
        if (!extra_name.empty()) {
            if (!labels_.empty()) out_ += ',';
            out_.append(extra_name).append("=\"");
            append_number(out_, extra_value);
            out_ += '"';
        }
        out_ += '}';
    }
    out_ += ' ';
    append_number(out_, value);
    if (series.timestamp_ms != 0) {
        out_ += ' ';
        if (format_ == Format::openmetrics)
            append_number(out_, static_cast<double>(series.timestamp_ms) / 1000);
        else
            out_ += std::to_string(series.timestamp_ms);
    }
    out_ += '\n';
}

void write_families(std::string& out, const std::vector<prometheus::MetricFamily>& families, Format format) {
    SeriesWriter writer(out, format);
    for (const auto& family : in_order(families)) writer.write(family);
}

} // namespace metrics
