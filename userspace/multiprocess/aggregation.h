// SPDX-License-Identifier: BSD-2-Clause
// From the values of many processes to the application's, by the rules of the client's MultiProcessCollector. Sums are
// added up in the order of the files, as there: the order decides the last digit.
#pragma once

#include <span>
#include <vector>

#include "multiprocess/file_name.h"
#include "multiprocess/metric.h"
#include "multiprocess/series_table.h"

namespace multiprocess {

struct Reading {
    SeriesTable::Id key;
    double value;
    double timestamp;
};

// One file.
struct Part {
    const FileName* name;
    std::span<const Reading> readings;
};

// Families in order of name, and their samples ordered by labels; a histogram's buckets by their bounds. What is left
// out is added to `refused`, once for each key.
std::vector<Family> aggregate(const SeriesTable& table, std::span<const Part> parts, SeriesRefusals& refused);

} // namespace multiprocess
