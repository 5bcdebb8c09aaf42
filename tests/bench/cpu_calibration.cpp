// SPDX-License-Identifier: BSD-2-Clause
#include "cpu_calibration.h"

namespace bench {

// Eight independent additions a turn: as many as a core can do at a time, so that a busy neighbour shows.
double cpu_calibration() {
    constexpr int kTurns = 10'000; // about 10 µs
    unsigned long a = 1, b = 2, c = 3, d = 4;
    return time_each(kTurns, [&] {
        a += 1, b += 3, c += 5, d += 7;
        asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
        a += 2, b += 4, c += 6, d += 8;
        asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    });
}

} // namespace bench
