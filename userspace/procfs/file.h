// SPDX-License-Identifier: BSD-2-Clause
// Whole small files, as /proc serves them: no size in advance, gone at any time.
#pragma once

#include <string>

#include "result.h"

namespace procfs {

Result<std::string> read_file(const std::string& path);

} // namespace procfs
