// SPDX-License-Identifier: BSD-2-Clause
// What --pid names.
#pragma once

#include <sys/types.h>

#include "procfs/procfs.h"
#include "result.h"

namespace gunicorn {

// The master, if `pid` is a master or one of its workers; else an error that says what the process is.
Result<pid_t> resolve_pid(const procfs::ProcFs& proc, pid_t pid);

} // namespace gunicorn
