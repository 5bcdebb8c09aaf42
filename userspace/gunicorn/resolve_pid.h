// SPDX-License-Identifier: BSD-2-Clause
// What --pid names.
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "procfs/procfs.h"
#include "result.h"

namespace gunicorn {

// The master, if `pid` is a master or one of its workers; else an error that says what the process is.
Result<pid_t> resolve_pid(const procfs::ProcFs& proc, pid_t pid);

// The masters of all of them, each once: several may be of one Gunicorn. The first error counts.
Result<std::vector<pid_t>> resolve_pids(const procfs::ProcFs& proc, std::span<const pid_t> pids);

} // namespace gunicorn
