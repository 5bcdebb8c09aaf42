// SPDX-License-Identifier: BSD-2-Clause
// The columns of the table of workers: what each shows, how wide it is, and how it sorts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "top/rows.h"

namespace top {

struct Column {
    std::string_view name;
    char key; // that sorts by it
    std::size_t width;
    bool to_the_left;
    int rank; // those of the highest rank go first when the terminal is too narrow; 0: never
    bool descending;
    std::string (*text)(const WorkerRow&);
    double (*order)(const WorkerRow&); // what is not known comes last when descending
};

std::span<const Column> columns();

inline constexpr std::size_t kSortedAtFirst = 0; // an index of columns(): by id

// Indices of those that fit.
std::vector<std::size_t> fitting_columns(std::size_t width);

// Stable: equal rows keep the order that they have.
void sort(std::vector<WorkerRow>& rows, std::size_t column, bool reversed);

} // namespace top
