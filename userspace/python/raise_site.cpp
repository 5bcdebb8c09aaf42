// SPDX-License-Identifier: BSD-2-Clause
#include "python/raise_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace python {
namespace {

constexpr std::array kEndBranch{std::byte{0xf3}, std::byte{0x0f}, std::byte{0x1e}, std::byte{0xfa}};

bool is_push(std::byte code) { return (code & std::byte{0xf8}) == std::byte{0x50}; }

// arch/x86/kernel/uprobes.c: push, nop, jump and call need no single step.
bool is_emulated(std::byte first, std::byte second) {
    constexpr std::byte kHighRegisters{0x41};
    constexpr std::array kOthers{std::byte{0x90}, std::byte{0xe8}, std::byte{0xe9}, std::byte{0xeb}};
    return is_push(first) || (first == kHighRegisters && is_push(second)) ||
           std::ranges::find(kOthers, first) != kOthers.end();
}

} // namespace

int emulated_at(std::span<const std::byte, kSiteBytes> code) {
    const std::size_t skipped = std::ranges::equal(code.first<4>(), kEndBranch) ? kEndBranch.size() : 0;
    return is_emulated(code[skipped], code[skipped + 1]) ? static_cast<int>(skipped) : -1;
}

Result<std::uint64_t> raise_site(const ElfFile& file) {
    const auto address = file.symbol("PyTraceBack_Here");
    if (!address) return address;
    const auto offset = file.offset_of(*address);
    if (!offset) return fail("its PyTraceBack_Here is in no segment");
    std::array<std::byte, kSiteBytes> code;
    TRY_VOID(file.read(*offset, code));
    const int skipped = emulated_at(code);
    if (skipped < 0)
        return fail(fmt::format("PyTraceBack_Here begins with an instruction that a probe would slow down tenfold "
                                "({:02x} {:02x} {:02x} {:02x} {:02x} {:02x})",
                                code[0], code[1], code[2], code[3], code[4], code[5]));
    return *offset + static_cast<std::uint64_t>(skipped);
}

} // namespace python
