// SPDX-License-Identifier: BSD-2-Clause
// A process's Python: which one, how it was built, and whether its memory can be read.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "check/findings.h"
#include "procfs/procfs.h"

namespace check {

// `maps`: /proc/<pid>/maps, empty where it could not be read.
PythonFound python_of(const procfs::ProcFs& proc, pid_t pid, std::string_view maps);

} // namespace check
