// SPDX-License-Identifier: BSD-2-Clause
// Whether this machine and these privileges allow observing at all, before anything is attached.
#pragma once

#include "procfs/procfs.h"
#include "result.h"

namespace commands {

// The error names what is missing and what to do about it. Missing capabilities that are optional are logged as
// warnings that name the effect (check/capabilities.h).
Result<void> preflight(const procfs::ProcFs& proc);

} // namespace commands
