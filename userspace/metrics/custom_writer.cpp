// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/custom_writer.h"

#include "metrics/catalogue.h"
#include "metrics/exposition.h"
#include "multiprocess/number.h"

namespace metrics {
namespace {

using multiprocess::Type;

std::string_view name_of(Type type) {
    switch (type) {
    case Type::counter:
        return "counter";
    case Type::gauge:
        return "gauge";
    case Type::histogram:
        return "histogram";
    case Type::summary:
        return "summary";
    }
    return "";
}

void write_sample(std::string& out, const multiprocess::Sample& sample) {
    out += sample.name;
    const char* before = "{";
    for (const auto& [name, value] : sample.labels) {
        out.append(before).append(name).append("=\"");
        append_escaped(out, value, Quotes::escape);
        out += '"';
        before = ",";
    }
    if (!sample.labels.empty()) out += '}';
    out.append(" ").append(multiprocess::client_number(sample.value)).append("\n");
}

Type client_type_of(const Metric& metric) {
    switch (metric.type) {
    case prometheus::MetricType::Counter:
        return Type::counter;
    case prometheus::MetricType::Histogram:
        return Type::histogram;
    case prometheus::MetricType::Summary:
        return Type::summary;
    default:
        return Type::gauge;
    }
}

} // namespace

void write_custom(std::string& out, std::span<const multiprocess::Family> families, Format format) {
    for (const auto& family : families) {
        auto name = family.name;
        if (family.type == Type::counter && format == Format::text) name += "_total";
        out.append("# HELP ").append(name).append(" ");
        append_escaped(out, family.help, format == Format::openmetrics ? Quotes::escape : Quotes::keep);
        out.append("\n# TYPE ").append(name).append(" ").append(name_of(family.type)).append("\n");
        for (const auto& sample : family.samples) write_sample(out, sample);
    }
}

multiprocess::Names reserved_names() {
    multiprocess::Names names;
    for (const auto& metric : catalogue()) {
        std::string name(metric.text);
        const auto type = client_type_of(metric);
        if (type == Type::counter && name.ends_with("_total")) name.resize(name.size() - 6);
        const auto taken = multiprocess::names_taken(name, type);
        names.insert(taken.begin(), taken.end());
        // OpenMetrics keeps it for the time of creation, and a page on which it is another metric's is none.
        if (type != Type::gauge) names.insert(name + "_created");
    }
    return names;
}

} // namespace metrics
