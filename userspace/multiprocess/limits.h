// SPDX-License-Identifier: BSD-2-Clause
// What an application may cost us: of each target.
#pragma once

#include <cstddef>

namespace multiprocess {

struct Limits {
    std::size_t files = 16384;                      // a worker has four or more, and leaves most of them behind
    std::size_t file_bytes = std::size_t{32} << 20; // in use; the file itself may be larger
    std::size_t bytes = std::size_t{256} << 20;
    std::size_t keys = 50'000; // distinct ones: the same series of another worker is none
};

} // namespace multiprocess
