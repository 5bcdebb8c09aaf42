// SPDX-License-Identifier: BSD-2-Clause
// A process that has nothing to do with Gunicorn: what its own system calls cost it.
#pragma once

#include "result.h"

namespace bench {

// Medians over rounds of a thousand calls, the two kinds in turns.
struct CallCosts {
    double read_ns;        // one read(2) of /dev/null: a system call that the exporter looks at
    double getppid_ns;     // one that it does not look at
    double calibration_ns; // the speed at which this was measured; see cpu_calibration.h
};

// `rounds` from 1; about 0.3 ms each, up to twelve times as many on a busy machine.
Result<CallCosts> time_calls(int rounds);

} // namespace bench
