// SPDX-License-Identifier: BSD-2-Clause
// Rounds of measurement, of which only those at the processor's full speed count: two hardware threads share a core,
// and system calls take half as long again while the other one is busy.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <vector>

namespace bench {

// Nanoseconds of a fixed piece of arithmetic that keeps a whole core busy.
double cpu_calibration();

// Nanoseconds of one `work`, of `times`.
template <typename Work> double time_each(int times, Work work) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; i++) work();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
    return taken.count() / times;
}

// Those that were made within 5 % of the highest speed among them.
template <typename Round> std::vector<Round> at_full_speed(const std::vector<Round>& rounds) {
    constexpr double kSameSpeed = 1.05;
    const double limit = std::ranges::min_element(rounds, {}, &Round::calibration_ns)->calibration_ns * kSameSpeed;
    std::vector<Round> kept;
    std::ranges::copy_if(rounds, std::back_inserter(kept),
                         [&](const Round& round) { return round.calibration_ns <= limit; });
    return kept;
}

// `make` until `wanted` (from 1) rounds were undisturbed, or twelve times as many were made.
template <typename Round, typename Make> std::vector<Round> undisturbed_rounds(std::size_t wanted, Make make) {
    constexpr std::size_t kTriesPerRound = 12;
    std::vector<Round> made;
    std::vector<Round> kept;
    while (kept.size() < wanted && made.size() < wanted * kTriesPerRound) {
        for (std::size_t i = 0; i < wanted; i++) {
            const double before = cpu_calibration();
            made.push_back(make());
            made.back().calibration_ns = std::max(before, cpu_calibration());
        }
        kept = at_full_speed(made);
    }
    return kept;
}

template <typename Round> double median(std::vector<Round>& rounds, double Round::* field) {
    const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
    std::ranges::nth_element(rounds, middle, {}, field);
    return *middle.*field;
}

} // namespace bench
