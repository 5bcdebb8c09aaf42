// SPDX-License-Identifier: BSD-2-Clause
// Why something of the application's is left out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace multiprocess {

enum class FileRefusal {
    unknown_name,    // no such type of metric or mode of gauge
    symbolic_link,   //
    no_regular_file, //
    unreadable,      //
    malformed,       // not as the client writes it
    truncated,       // shorter than it says
    too_large,       // more than kMaxFileBytes are in use
    too_many_files,  // beyond kMaxFiles of a target
    too_many_bytes,  // beyond kMaxBytes of a target
    count
};

enum class SeriesRefusal {
    key,             // not the JSON that the client writes
    name,            // no name of a metric or label that both formats allow, or not one that the type has
    type_clash,      // the metric has another type elsewhere
    name_clash,      // the exporter, or another metric of the application's, has that name
    too_many_series, // beyond kMaxSeries of a target
    count
};

constexpr std::string_view name_of(FileRefusal reason) {
    constexpr std::array<std::string_view, static_cast<std::size_t>(FileRefusal::count)> kNames{
        "unknown_name", "symbolic_link", "no_regular_file", "unreadable",     "malformed",
        "truncated",    "too_large",     "too_many_files",  "too_many_bytes",
    };
    return kNames[static_cast<std::size_t>(reason)];
}

constexpr std::string_view name_of(SeriesRefusal reason) {
    constexpr std::array<std::string_view, static_cast<std::size_t>(SeriesRefusal::count)> kNames{
        "key", "name", "type_clash", "name_clash", "too_many_series",
    };
    return kNames[static_cast<std::size_t>(reason)];
}

template <typename Reason> class Refusals {
public:
    void add(Reason reason, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(reason)] += times; }
    std::uint64_t of(Reason reason) const { return counts_[static_cast<std::size_t>(reason)]; }
    void add(const Refusals& others) {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
    }
    // Each reason with its count, also those at 0.
    template <typename Visit> void each(Visit visit) const {
        for (std::size_t i = 0; i < counts_.size(); ++i) visit(static_cast<Reason>(i), counts_[i]);
    }

private:
    std::array<std::uint64_t, static_cast<std::size_t>(Reason::count)> counts_{};
};

using FileRefusals = Refusals<FileRefusal>;
using SeriesRefusals = Refusals<SeriesRefusal>;

} // namespace multiprocess
