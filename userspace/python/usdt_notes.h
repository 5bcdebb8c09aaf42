// SPDX-License-Identifier: BSD-2-Clause
// USDT probes of an ELF file: the notes that <sys/sdt.h> leaves in its section .note.stapsdt. They are read here and
// not by libbpf, which maps the whole file, since the file is the target's (elf_file.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "python/elf_file.h"
#include "result.h"

namespace python {

struct UsdtSite {
    std::uint64_t address = 0;          // of the probe's nop, as linked
    std::uint64_t offset = 0;           // of the nop in the file
    std::uint64_t semaphore_offset = 0; // in the file: a counter of tracers that the probe checks; 0: none
    std::string arguments;              // "-4@%ebx 8@16(%rsp)"
};

// More sites of one probe than a compiler makes by inlining.
inline constexpr std::size_t kMaxUsdtSites = 64;

// All sites of a probe; empty if the file has no such probe. Errors: notes that contradict themselves, a site outside
// of the file's segments, or more than kMaxUsdtSites.
Result<std::vector<UsdtSite>> usdt_sites(const ElfFile& file, std::string_view provider, std::string_view name);

} // namespace python
