// SPDX-License-Identifier: BSD-2-Clause
// ELF headers and symbol tables, read with pread() and bounded.
#include "python/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "descriptor.h"
#include "errno_text.h"
#include "procfs/file.h"

namespace python {
namespace {

// A segment is mapped from the page in which it begins.
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t page_of(std::uint64_t address) { return address & ~(kPage - 1); }

constexpr std::size_t kSymbolsPerRead = 4096;

// The string that begins at `at` is `name`.
bool is_string_at(const std::string& strings, std::uint64_t at, std::string_view name) {
    if (at >= strings.size() || strings.size() - at <= name.size()) return false;
    return strings.compare(at, name.size(), name) == 0 && strings[at + name.size()] == '\0';
}

bool is_elf_for_x86_64(const Elf64_Ehdr& header) {
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
           header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == EM_X86_64;
}

template <typename Record> std::span<std::byte> bytes_of(std::vector<Record>& records) {
    return std::as_writable_bytes(std::span(records));
}

} // namespace

Result<ElfFile> ElfFile::open(const std::string& path) {
    // O_NONBLOCK: a container may have put a pipe in the file's place.
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return errno_failure("open " + path, errno);
    struct stat file{};
    if (fstat(fd.get(), &file) != 0 || !S_ISREG(file.st_mode)) return fail(path + ": not a regular file");
    ElfFile elf(std::move(fd));
    if (auto done = elf.read_headers(); !done) return fail(path + ": " + done.error().text);
    return elf;
}

Result<void> ElfFile::read_headers() {
    Elf64_Ehdr header{};
    if (!read(0, std::as_writable_bytes(std::span(&header, 1)))) return fail("not an ELF file");
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return fail("not an ELF file");
    if (!is_elf_for_x86_64(header)) return fail("not for x86-64");
    fixed_addresses_ = header.e_type == ET_EXEC;
    section_names_ = header.e_shstrndx;
    if (header.e_phoff != 0 && header.e_phentsize == sizeof(Elf64_Phdr)) {
        if (auto done = read_segments(header.e_phoff, header.e_phnum); !done) return done;
    }
    // 0 with sections present would mean 65,280 sections or more: beyond the limit, so there is no need to read on.
    if (header.e_shoff != 0 && header.e_shentsize == sizeof(Elf64_Shdr)) {
        if (header.e_shnum == 0) return fail(fmt::format("more than {} sections", kMaxSections));
        return read_sections(header.e_shoff, header.e_shnum);
    }
    return {};
}

Result<void> ElfFile::read_segments(std::uint64_t offset, std::size_t count) {
    if (count > kMaxSegments) return fail(fmt::format("more than {} segments", kMaxSegments));
    std::vector<Elf64_Phdr> headers(count);
    if (auto done = read(offset, bytes_of(headers)); !done) return done;
    for (const auto& header : headers) {
        if (header.p_type == PT_LOAD) segments_.push_back({header.p_vaddr, header.p_offset, header.p_filesz});
    }
    return {};
}

Result<void> ElfFile::read_sections(std::uint64_t offset, std::size_t count) {
    if (count > kMaxSections) return fail(fmt::format("more than {} sections", kMaxSections));
    std::vector<Elf64_Shdr> headers(count);
    if (auto done = read(offset, bytes_of(headers)); !done) return done;
    for (const auto& header : headers) {
        const bool occupies_file = header.sh_type != SHT_NOBITS;
        sections_.push_back({.place = {header.sh_addr, header.sh_offset, occupies_file ? header.sh_size : 0},
                             .name = header.sh_name,
                             .type = header.sh_type,
                             .link = header.sh_link});
    }
    return {};
}

std::optional<std::uint64_t> ElfFile::bias(std::uint64_t start, std::uint64_t offset) const {
    const auto found = std::ranges::find(segments_, offset, [](const Segment& each) { return page_of(each.offset); });
    return found == segments_.end() ? std::nullopt : std::optional{start - page_of(found->address)};
}

Result<std::string> ElfFile::strings(std::size_t section) const {
    if (section >= sections_.size()) return fail("a table of names that does not exist");
    const auto& place = sections_[section].place;
    if (place.size > kMaxStrings) return fail(fmt::format("{} bytes of names, more than {}", place.size, kMaxStrings));
    std::string text(place.size, '\0');
    TRY_VOID(read(place.offset, std::as_writable_bytes(std::span(text))));
    return text;
}

Result<std::optional<std::uint64_t>> ElfFile::find_in(const SectionHeader& table, std::string_view name,
                                                      std::uint64_t& symbols_left) const {
    std::uint64_t count = table.place.size / sizeof(Elf64_Sym);
    if (count > symbols_left) return fail(fmt::format("more than {} symbols", kMaxSymbols));
    symbols_left -= count;
    TRY(const auto names, strings(table.link));
    std::vector<Elf64_Sym> symbols;
    for (auto offset = table.place.offset; count > 0; offset += symbols.size() * sizeof(Elf64_Sym)) {
        symbols.resize(std::min<std::uint64_t>(count, kSymbolsPerRead));
        TRY_VOID(read(offset, bytes_of(symbols)));
        for (const auto& symbol : symbols) {
            if (symbol.st_shndx != SHN_UNDEF && is_string_at(names, symbol.st_name, name)) return symbol.st_value;
        }
        count -= symbols.size();
    }
    return std::nullopt;
}

Result<std::uint64_t> ElfFile::symbol(std::string_view name) const {
    std::uint64_t symbols_left = kMaxSymbols;
    for (const std::uint32_t type : {SHT_DYNSYM, SHT_SYMTAB}) {
        for (const auto& table : sections_) {
            if (table.type != type) continue;
            TRY(const auto found, find_in(table, name, symbols_left));
            if (found) return *found;
        }
    }
    return fail(fmt::format("it has no {}", name));
}

Result<ElfFile::Section> ElfFile::section(std::string_view name) const {
    if (sections_.empty()) return fail(fmt::format("it has no {}", name));
    TRY(const auto names, strings(section_names_));
    const auto found =
        std::ranges::find_if(sections_, [&](const auto& each) { return is_string_at(names, each.name, name); });
    if (found == sections_.end()) return fail(fmt::format("it has no {}", name));
    return found->place;
}

Result<std::vector<std::byte>> ElfFile::contents(const Section& section) const {
    if (section.size > kMaxSectionRead)
        return fail(fmt::format("a section of {} bytes, more than {}", section.size, kMaxSectionRead));
    std::vector<std::byte> bytes(section.size);
    TRY_VOID(read(section.offset, bytes));
    return bytes;
}

std::optional<std::uint64_t> ElfFile::offset_of(std::uint64_t address) const {
    for (const auto& segment : segments_) {
        if (address >= segment.address && address - segment.address < segment.file_size)
            return address - segment.address + segment.offset;
    }
    return std::nullopt;
}

Result<void> ElfFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    const auto got = procfs::read_at(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got != into.size()) return fail(fmt::format("its file ends at {:#x}", offset + got));
    return {};
}

Result<ElfFile::Identity> ElfFile::identity() const {
    struct stat file{};
    if (fstat(fd_.get(), &file) != 0) return errno_failure("fstat", errno);
    return Identity{file.st_dev, file.st_ino};
}

} // namespace python
