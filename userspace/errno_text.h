// SPDX-License-Identifier: BSD-2-Clause
// What an errno says, for errors that people read.
#pragma once

#include <fmt/format.h>
#include <string.h>

#include <string>
#include <string_view>

#include "result.h"

// "No such file or directory"
inline std::string errno_text(int error) {
    const char* const text = strerrordesc_np(error);
    return text != nullptr ? text : fmt::format("Unknown error {}", error);
}

// "ENOENT (No such file or directory)": bpf(2) gives many errors a meaning of its own, which is documented by name.
inline std::string errno_name_and_text(int error) {
    const char* const name = strerrorname_np(error);
    return fmt::format("{} ({})", name != nullptr ? name : "error", errno_text(error));
}

// "open /dev/null: No such file or directory"
inline std::unexpected<Error> errno_failure(std::string_view step, int error) {
    return fail(fmt::format("{}: {}", step, errno_text(error)));
}
