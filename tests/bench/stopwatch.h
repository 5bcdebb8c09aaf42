// SPDX-License-Identifier: BSD-2-Clause
// How long a process's system calls stay in programs on the hook, by system call.
#pragma once

#include <map>

#include "call_times.h"
#include "probes.h"
#include "result.h"

namespace bench {

using CallTimes = std::map<std::uint32_t, contract::call_times>; // by system call number; those that occurred

// What was counted so far.
Result<CallTimes> read_times(const Probes& probes);

// A name for those that Gunicorn's workers use on connections, else "call <number>".
std::string name_of_call(std::uint32_t number);

} // namespace bench
