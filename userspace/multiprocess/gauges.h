// SPDX-License-Identifier: BSD-2-Clause
// What the processes' values of one gauge make together.
#pragma once

#include <string>
#include <vector>

#include "multiprocess/file_name.h"
#include "multiprocess/metric.h"
#include "multiprocess/series_table.h"

namespace multiprocess {

class Gauges {
public:
    // The gauge's mode is that of the file that comes last.
    void add(const FileName& file, SeriesTable::Id series, double value, double timestamp);

    // In order of labels. A most recent value without a time is none.
    std::vector<Sample> samples(const SeriesTable& table) &&;

private:
    struct Value {
        SeriesTable::Id series;
        const std::string* pid;
        double value;
        double timestamp;
    };

    Mode mode_ = Mode::all;
    std::vector<Value> values_; // in order of the files
};

} // namespace multiprocess
