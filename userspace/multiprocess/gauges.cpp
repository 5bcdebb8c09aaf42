// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/gauges.h"

#include <algorithm>
#include <map>
#include <utility>

namespace multiprocess {
namespace {

// One value for each process: its pid is a label.
Labels with_pid(Labels labels, const std::string& pid) {
    labels.emplace_back("pid", pid);
    std::ranges::sort(labels);
    return labels;
}

// Written as the client compares: a NaN that comes first stays, one that comes later is not taken.
void merge(Mode mode, double& value, double other) {
    switch (mode) {
    case Mode::min:
        if (other < value) value = other;
        return;
    case Mode::max:
        if (other > value) value = other;
        return;
    case Mode::sum:
        value += other;
        return;
    case Mode::all:
    case Mode::most_recent:
        value = other;
    }
}

} // namespace

void Gauges::add(const FileName& file, SeriesTable::Id series, double value, double timestamp) {
    mode_ = file.mode;
    values_.push_back({series, &file.pid, value, timestamp});
}

std::vector<Sample> Gauges::samples(const SeriesTable& table) && {
    struct Merged {
        double value = 0;
        double timestamp = 0;
    };
    std::map<std::pair<SeriesTable::Id, std::string>, Merged> merged;
    for (const auto& each : values_) {
        if (mode_ == Mode::most_recent && !(each.timestamp > 0)) continue;
        auto key = std::pair(each.series, mode_ == Mode::all ? *each.pid : std::string());
        const auto [found, is_new] = merged.try_emplace(std::move(key));
        auto& [value, timestamp] = found->second;
        if (mode_ == Mode::most_recent && !(timestamp < each.timestamp)) continue;
        timestamp = each.timestamp;
        // A sum begins at 0 there, too: -0.0 becomes 0.0.
        if (is_new)
            value = mode_ == Mode::sum ? 0 + each.value : each.value;
        else
            merge(mode_, value, each.value);
    }
    std::vector<Sample> samples;
    for (const auto& [key, result] : merged) {
        const auto& series = table.series(key.first);
        samples.push_back(
            {series.name, mode_ == Mode::all ? with_pid(series.labels, key.second) : series.labels, result.value});
    }
    std::ranges::sort(samples, {}, &Sample::labels);
    return samples;
}

} // namespace multiprocess
