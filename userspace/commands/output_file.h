// SPDX-License-Identifier: BSD-2-Clause
// A file that is there as a whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "result.h"

namespace commands {

struct OutputFile {
    std::string name;        // "-": standard output
    std::string_view option; // that names it, for errors: "--output"
};

// Whether write_file() could write there, found out before there is anything to lose. "-" always can.
Result<void> check_writable(const OutputFile& file);

// Replaces the file; one that was there stays until the new one is complete. On standard output a reader that went away
// is no error. Errors name the file and the reason.
Result<void> write_file(const OutputFile& file, std::string_view content);

} // namespace commands
