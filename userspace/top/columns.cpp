// SPDX-License-Identifier: BSD-2-Clause
#include "top/columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>

#include "top/text.h"

namespace top {

namespace {

constexpr double kUnknown = -1; // all that is known is 0 or more

double age_in(std::string_view id) { // "worker_12_1700000000"
    const auto begin = id.find('_');
    if (begin == std::string_view::npos) return kUnknown;
    std::uint64_t age = 0;
    std::from_chars(id.data() + begin + 1, id.data() + id.size(), age);
    return static_cast<double>(age);
}

double order_of(const std::optional<Bound>& bound) {
    if (!bound) return kUnknown;
    return bound->beyond ? std::numeric_limits<double>::max() : bound->seconds;
}

template <typename Number> double order_of(const std::optional<Number>& number) {
    return number ? static_cast<double>(*number) : kUnknown;
}

using Row = const WorkerRow&;

constexpr std::array kColumns{
    Column{"WORKER", 'i', 21, true, 0, false, [](Row row) { return printable(row.id); },
           [](Row row) { return age_in(row.id); }},
    Column{"PID", 'd', 7, false, 5, false, [](Row row) { return std::to_string(row.pid); },
           [](Row row) { return static_cast<double>(row.pid); }},
    Column{"STATE", 's', 7, true, 0, false, [](Row row) { return row.state; },
           [](Row row) { return row.state.empty() ? 0 : static_cast<double>(row.state.front()); }},
    Column{"BUSY%", 'b', 5, false, 0, true, [](Row row) { return number_text(row.busy_percent, 1); },
           [](Row row) { return order_of(row.busy_percent); }},
    Column{"FLIGHT", 'f', 6, false, 3, true, [](Row row) { return count_text(row.in_flight); },
           [](Row row) { return order_of(row.in_flight); }},
    Column{"REQ/S", 'n', 7, false, 0, true, [](Row row) { return number_text(row.requests_per_second, 1); },
           [](Row row) { return order_of(row.requests_per_second); }},
    Column{"REQS", 'R', 7, false, 9, true, [](Row row) { return count_text(row.requests); },
           [](Row row) { return order_of(row.requests); }},
    Column{"AVG", 'v', 6, false, 2, true, [](Row row) { return duration_text(row.durations.average); },
           [](Row row) { return order_of(row.durations.average); }},
    Column{"P50<=", '5', 6, false, 8, true, [](Row row) { return bound_text(row.durations.p50); },
           [](Row row) { return order_of(row.durations.p50); }},
    Column{"P95<=", '9', 6, false, 1, true, [](Row row) { return bound_text(row.durations.p95); },
           [](Row row) { return order_of(row.durations.p95); }},
    Column{"P99<=", 'x', 6, false, 6, true, [](Row row) { return bound_text(row.durations.p99); },
           [](Row row) { return order_of(row.durations.p99); }},
    Column{"ERR/S", 'e', 6, false, 1, true, [](Row row) { return number_text(row.errors_per_second, 1); },
           [](Row row) { return order_of(row.errors_per_second); }},
    Column{"CPU%", 'c', 5, false, 2, true, [](Row row) { return number_text(row.cpu_percent, 1); },
           [](Row row) { return order_of(row.cpu_percent); }},
    Column{"RSS", 'm', 5, false, 4, true, [](Row row) { return bytes_text(row.memory_bytes); },
           [](Row row) { return order_of(row.memory_bytes); }},
    Column{"AGE", 'a', 6, false, 7, true, [](Row row) { return age_text(row.uptime_seconds); },
           [](Row row) { return order_of(row.uptime_seconds); }},
};

std::size_t width_of(const std::vector<std::size_t>& chosen) {
    return std::accumulate(chosen.begin(), chosen.end(), chosen.empty() ? 0 : chosen.size() - 1,
                           [](std::size_t sum, std::size_t column) { return sum + kColumns[column].width; });
}

} // namespace

std::span<const Column> columns() { return kColumns; }

std::vector<std::size_t> fitting_columns(std::size_t width) {
    std::vector<std::size_t> chosen(kColumns.size());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    while (width_of(chosen) > width) {
        const auto least =
            std::ranges::max_element(chosen, {}, [](std::size_t column) { return kColumns[column].rank; });
        if (kColumns[*least].rank == 0) break; // the rest is cut off
        chosen.erase(least);
    }
    return chosen;
}

void sort(std::vector<WorkerRow>& rows, std::size_t column, bool reversed) {
    const auto& by = kColumns[column];
    const bool descending = by.descending != reversed;
    std::ranges::stable_sort(rows, [&](const WorkerRow& one, const WorkerRow& other) {
        return descending ? by.order(one) > by.order(other) : by.order(one) < by.order(other);
    });
}

} // namespace top
