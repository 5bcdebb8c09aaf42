// SPDX-License-Identifier: BSD-2-Clause
// Where in an interpreter's file a uprobe meets every exception that leaves a Python frame, or is caught in one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "python/elf_file.h"
#include "result.h"

namespace python {

// As many bytes as are looked at: an instruction that marks a target of jumps, and the one behind it.
inline constexpr std::size_t kSiteBytes = 6;

// Offset in the file of PyTraceBack_Here's first instruction, or of the second if the first is endbr64. Errors: there
// is no such function, or the kernel would have to run the instruction by itself, ten times as slow as one that it
// emulates.
Result<std::uint64_t> raise_site(const ElfFile& file);

// How many bytes to skip to an instruction that the kernel emulates; negative: there is none.
int emulated_at(std::span<const std::byte, kSiteBytes> code);

} // namespace python
