// SPDX-License-Identifier: BSD-2-Clause
// An exception that is being handled around Gunicorn itself, since it was started in an `except` block (a fallback for
// a server that cannot be imported). Every worker handles it all the time, and no request raised it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "procfs/procfs.h"
#include "python/interpreter.h"
#include "python/memory.h"
#include "result.h"

namespace gunicorn {

// Its address, which is the same in all workers, since they are forks; 0: there is none. Nothing: the master is not
// where it waits for signals, and what it handles may be over in a moment. Errors: its memory cannot be read.
Result<std::optional<python::Address>> ambient_exception(const procfs::ProcFs& proc, pid_t master,
                                                         const python::Interpreter& interpreter,
                                                         python::Memory& memory);

} // namespace gunicorn
