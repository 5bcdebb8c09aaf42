// SPDX-License-Identifier: BSD-2-Clause
// An executable or shared library of another process: where its symbols are once it is mapped. The file belongs to
// the target, which may have written anything into it and may truncate it at any time. It is therefore never mapped
// (SIGBUS) but read with pread(), and every count and size in it is bounded before memory is allocated.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "descriptor.h"
#include "procfs/below_root.h"
#include "result.h"

namespace python {

class ElfFile {
public:
    // Far above what linkers write for an interpreter: some 40 sections, 15 segments, and with debug symbols
    // 60,000 symbols with 3 MB of names.
    static constexpr std::size_t kMaxSegments = 1024;
    static constexpr std::size_t kMaxSections = 4096;
    static constexpr std::uint64_t kMaxSymbols = 1 << 20;     // of all tables together
    static constexpr std::uint64_t kMaxStrings = 16 << 20;    // bytes of one string table
    static constexpr std::uint64_t kMaxSectionRead = 4 << 20; // bytes of one section that is read whole

    // Errors: not readable, not a regular file, not ELF for x86-64, more segments or sections than the limits.
    static Result<ElfFile> open(const std::string& path);

    // What to add to the file's addresses when the part at `offset` is mapped at `start`. nullopt if no segment
    // begins there.
    std::optional<std::uint64_t> bias(std::uint64_t start, std::uint64_t offset) const;

    // Address of a defined symbol: the dynamic symbols first, which stripping leaves. Errors: there is none of that
    // name, the file ends before its table does, or a table is larger than the limits.
    Result<std::uint64_t> symbol(std::string_view name) const;

    struct Section {
        std::uint64_t address = 0; // 0: not mapped
        std::uint64_t offset = 0;  // in the file
        std::uint64_t size = 0;    // bytes
    };
    // Errors: as symbol().
    Result<Section> section(std::string_view name) const;
    // The section's bytes. Errors: the file ends before, or more than kMaxSectionRead.
    Result<std::vector<std::byte>> contents(const Section& section) const;

    // Where in the file the bytes at an address of the file's are. nullopt if no segment has them in the file.
    std::optional<std::uint64_t> offset_of(std::uint64_t address) const;
    // Whether the linker gave the file its final addresses: a program that is not position-independent.
    bool has_fixed_addresses() const { return fixed_addresses_; }
    // Fills `into` from that offset on. Error: the file ends before.
    Result<void> read(std::uint64_t offset, std::span<std::byte> into) const;

    // Which file it is, whatever its name.
    struct Identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        auto operator<=>(const Identity&) const = default;
    };
    Result<Identity> identity() const;

private:
    struct Segment {
        std::uint64_t address = 0;
        std::uint64_t offset = 0;
        std::uint64_t file_size = 0;
    };
    struct SectionHeader {
        Section place;
        std::uint32_t name = 0; // offset in the table of section names
        std::uint32_t type = 0;
        std::uint32_t link = 0; // of a symbol table: the index of its string table
    };

    explicit ElfFile(Descriptor fd) : fd_(std::move(fd)) {}
    Result<void> read_headers();
    Result<void> read_segments(std::uint64_t offset, std::size_t count);
    Result<void> read_sections(std::uint64_t offset, std::size_t count);
    Result<std::string> strings(std::size_t section) const;
    Result<std::optional<std::uint64_t>> find_in(const SectionHeader& table, std::string_view name,
                                                 std::uint64_t& symbols_left) const;

    Descriptor fd_;
    bool fixed_addresses_ = false;
    std::vector<Segment> segments_; // those that are loaded
    std::vector<SectionHeader> sections_;
    std::size_t section_names_ = 0; // index of their string table
};

} // namespace python
