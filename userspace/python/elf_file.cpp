// SPDX-License-Identifier: BSD-2-Clause
// An executable or shared library, read with libelf.
#include "python/elf_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace python {
namespace {

// A segment is mapped from the page in which it begins.
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t page_of(std::uint64_t address) { return address & ~(kPage - 1); }

std::optional<std::uint64_t> find_in(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::string_view name) {
    const auto* data = elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) return std::nullopt;
    const auto count = header.sh_size / header.sh_entsize;
    for (std::uint64_t i = 0; i < count; ++i) {
        GElf_Sym symbol;
        if (gelf_getsym(const_cast<Elf_Data*>(data), static_cast<int>(i), &symbol) == nullptr) return std::nullopt;
        if (symbol.st_shndx == SHN_UNDEF) continue;
        const char* text = elf_strptr(elf, header.sh_link, symbol.st_name);
        if (text != nullptr && name == text) return symbol.st_value;
    }
    return std::nullopt;
}

} // namespace

void ElfFile::Close::operator()(Elf* elf) const { elf_end(elf); }

ElfFile::Descriptor::Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

ElfFile::Descriptor::~Descriptor() {
    if (fd_ >= 0) close(fd_);
}

Result<ElfFile> ElfFile::open(const std::string& path) {
    elf_version(EV_CURRENT);
    // Not to hang where a container put a pipe in the file's place.
    Descriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (fd.get() < 0) return fail(fmt::format("open {}: {}", path, std::strerror(errno)));
    struct stat file{};
    if (fstat(fd.get(), &file) != 0 || !S_ISREG(file.st_mode)) return fail(path + ": not a regular file");
    std::unique_ptr<Elf, Close> elf{elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr)};
    GElf_Ehdr header;
    if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getehdr(elf.get(), &header) == nullptr)
        return fail(path + ": not an ELF file");
    if (header.e_machine != EM_X86_64) return fail(path + ": not for x86-64");
    return ElfFile{std::move(fd), std::move(elf)};
}

std::optional<std::uint64_t> ElfFile::bias(std::uint64_t start, std::uint64_t offset) const {
    std::size_t count = 0;
    if (elf_getphdrnum(elf_.get(), &count) != 0) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf_.get(), static_cast<int>(i), &segment) == nullptr) return std::nullopt;
        if (segment.p_type == PT_LOAD && page_of(segment.p_offset) == offset) return start - page_of(segment.p_vaddr);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::symbol(std::string_view name) const {
    for (const auto type : {SHT_DYNSYM, SHT_SYMTAB}) {
        for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
            GElf_Shdr header;
            if (gelf_getshdr(section, &header) == nullptr || header.sh_type != static_cast<GElf_Word>(type)) continue;
            if (const auto found = find_in(elf_.get(), section, header, name)) return found;
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::section(std::string_view name) const {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf_.get(), &names) != 0) return std::nullopt;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr) continue;
        const char* text = elf_strptr(elf_.get(), names, header.sh_name);
        if (text != nullptr && name == text && header.sh_addr != 0) return header.sh_addr;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::offset_of(std::uint64_t address) const {
    std::size_t count = 0;
    if (elf_getphdrnum(elf_.get(), &count) != 0) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf_.get(), static_cast<int>(i), &segment) == nullptr) return std::nullopt;
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
            return address - segment.p_vaddr + segment.p_offset;
    }
    return std::nullopt;
}

Result<void> ElfFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    const auto got = pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got != static_cast<ssize_t>(into.size())) return fail(fmt::format("its file ends at {:#x}", offset));
    return {};
}

Result<ElfFile::Identity> ElfFile::identity() const {
    struct stat file{};
    if (fstat(fd_.get(), &file) != 0) return fail(std::string("fstat: ") + std::strerror(errno));
    return Identity{file.st_dev, file.st_ino};
}

} // namespace python
