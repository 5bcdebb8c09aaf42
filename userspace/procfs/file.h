// SPDX-License-Identifier: BSD-2-Clause
// Whole small files, as /proc serves them: no size in advance, gone at any time.
#pragma once

#include <string>

#include "result.h"

namespace procfs {

// "<path>: No such file or directory", from errno.
std::unexpected<Error> system_error(const std::string& path, int error);

Result<std::string> read_file(const std::string& path);

} // namespace procfs
