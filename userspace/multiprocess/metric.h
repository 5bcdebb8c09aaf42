// SPDX-License-Identifier: BSD-2-Clause
// The application's own metrics, from the multiprocess files of the Python client, as they are shown.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "multiprocess/refusal.h"

namespace multiprocess {

enum class Type { counter, gauge, histogram, summary };

using Labels = std::vector<std::pair<std::string, std::string>>; // in order of name

struct Sample {
    std::string name; // with its suffix: "orders_total", "seconds_bucket"
    Labels labels;    // a bucket's bound among them, as "le"
    double value = 0;
};

struct Family {
    std::string name; // as the client names it: a counter's without _total
    Type type = Type::counter;
    std::string help;
    std::vector<Sample> samples;
};

// One target's files.
struct TargetFiles {
    bool has_directory = false;    // false: the rest is nothing
    std::size_t files = 0;         // that the series come from
    FileRefusals refused_files;    // since the exporter began: each time that one was left out or not newly read
    SeriesRefusals refused_series; // now
};

struct Exposed {
    std::vector<Family> families;     // in order of name, each name once
    std::vector<TargetFiles> targets; // of each target, in the order in which they were asked for
    std::chrono::nanoseconds reading_time{0};
};

} // namespace multiprocess
