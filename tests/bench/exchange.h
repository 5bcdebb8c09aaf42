// SPDX-License-Identifier: BSD-2-Clause
// The system calls with which a sync worker serves hello-world, in a loop that does nothing else: everything they
// touch stays in the caches, and the times repeat to a few per cent. A worker that runs an application pays more.
#pragma once

#include "result.h"

namespace bench {

// Nanoseconds of each call, medians over rounds of twenty requests.
struct ExchangeCosts {
    double accept_ns;
    double read_ns;
    double write_head_ns;
    double write_body_ns;
    double close_ns;
    double calibration_ns; // the speed at which this was measured; see cpu_calibration.h
};

// In the calling process, which also plays the client, over a unix socket. `listener` listens at its own address.
Result<ExchangeCosts> time_exchanges(int listener, int rounds);

// A listening unix socket with an address chosen by the kernel.
Result<int> listen_anywhere();

} // namespace bench
