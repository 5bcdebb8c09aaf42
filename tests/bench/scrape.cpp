// SPDX-License-Identifier: BSD-2-Clause
// What a page of many series costs, from the snapshot to the compressed text. Prints the median of some rounds.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "../unit/metrics/sample_snapshot.h"
#include "metrics/families.h"
#include "metrics/page.h"
#include "web/gzip.h"

namespace {

using Clock = std::chrono::steady_clock;

template <typename Work> double median_ms(Work work) {
    constexpr int kRounds = 21;
    std::vector<double> taken;
    for (int i = 0; i < kRounds; ++i) {
        const auto begin = Clock::now();
        work();
        taken.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    std::ranges::nth_element(taken, taken.begin() + kRounds / 2);
    return taken[kRounds / 2];
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t targets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10;
    const std::size_t endpoints = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 150;
    const auto snapshot = large_snapshot(targets, endpoints);
    const metrics::Build build{"0.1.0", "1.1", "6.1"};
    const auto families = metrics::families(snapshot, build);
    const auto text = metrics::page_of(families, nullptr, metrics::Format::text);
    const auto lines = std::ranges::count(text, '\n');
    const auto comments = [&] {
        long count = text.starts_with('#') ? 1 : 0;
        for (std::size_t at = 0; (at = text.find("\n#", at)) != std::string::npos; ++at) ++count;
        return count;
    }();
    std::size_t compressed = 0;
    const double build_ms = median_ms([&] { static_cast<void>(metrics::families(snapshot, build)); });
    const double text_ms =
        median_ms([&] { static_cast<void>(metrics::page_of(families, nullptr, metrics::Format::text)); });
    const double open_ms =
        median_ms([&] { static_cast<void>(metrics::page_of(families, nullptr, metrics::Format::openmetrics)); });
    const double gzip_ms = median_ms([&] { compressed = web::gzip(text).value_or("").size(); });
    fmt::print("| series | bytes | compressed | families ms | text ms | OpenMetrics ms | gzip ms |\n");
    fmt::print("| {} | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", lines - comments, text.size(), compressed,
               build_ms, text_ms, open_ms, gzip_ms);
}
