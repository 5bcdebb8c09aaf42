// SPDX-License-Identifier: BSD-2-Clause
// ELF files of targets: whatever they contain, and whatever happens to them while they are read.
#include <elf.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "python/elf_file.h"

namespace python {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Elf : public testing::Test {
protected:
    Elf() {
        fd_ = mkstemp(path_.data());
        std::memcpy(header_.e_ident, ELFMAG, SELFMAG);
        header_.e_ident[EI_CLASS] = ELFCLASS64;
        header_.e_ident[EI_DATA] = ELFDATA2LSB;
        header_.e_machine = EM_X86_64;
        header_.e_type = ET_DYN;
        header_.e_ehsize = sizeof header_;
        header_.e_phentsize = sizeof(Elf64_Phdr);
        header_.e_shentsize = sizeof(Elf64_Shdr);
    }
    ~Elf() override {
        close(fd_);
        unlink(path_.c_str());
    }

    void copy_of(const char* path) {
        std::filesystem::copy_file(path, path_, std::filesystem::copy_options::overwrite_existing);
    }
    // The header, and right behind it the sections' headers.
    void write(const std::vector<Elf64_Shdr>& sections) {
        header_.e_shoff = sizeof header_;
        header_.e_shnum = static_cast<Elf64_Half>(sections.size());
        write_at(0, &header_, sizeof header_);
        write_at(sizeof header_, sections.data(), sections.size() * sizeof(Elf64_Shdr));
    }
    void write_at(off_t offset, const void* bytes, std::size_t size) const {
        ASSERT_EQ(pwrite(fd_, bytes, size, offset), static_cast<ssize_t>(size));
    }
    static Elf64_Shdr section(Elf64_Word type, std::uint64_t offset, std::uint64_t size, Elf64_Word link = 0) {
        Elf64_Shdr header{};
        header.sh_type = type;
        header.sh_offset = offset;
        header.sh_size = size;
        header.sh_link = link;
        header.sh_entsize = sizeof(Elf64_Sym);
        return header;
    }
    static long peak_rss_kib() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    }

    std::string path_ = "/tmp/elf-file-test-XXXXXX";
    int fd_ = -1;
    Elf64_Ehdr header_{};
};

TEST_F(Elf, TruncatedAfterItWasOpenedIsAnError) {
    copy_of("/proc/self/exe");
    const auto file = ElfFile::open(path_);
    ASSERT_TRUE(file) << file.error().text;
    ASSERT_TRUE(file->symbol("environ"));
    ASSERT_EQ(truncate(path_.c_str(), 4096), 0);
    const auto symbol = file->symbol("environ");
    ASSERT_FALSE(symbol);
    EXPECT_THAT(symbol.error().text, HasSubstr("ends at"));
    EXPECT_FALSE(file->section(".text"));
}

TEST_F(Elf, TruncatedAndRestoredWhileItIsReadNeverKillsTheReader) {
    copy_of("/proc/self/exe");
    const auto size = static_cast<off_t>(std::filesystem::file_size(path_));
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        while (!stop) {
            for (const off_t length : {off_t{0}, off_t{100}, size / 2, size}) (void)truncate(path_.c_str(), length);
            std::filesystem::copy_file("/proc/self/exe", path_, std::filesystem::copy_options::overwrite_existing);
        }
    });
    int errors = 0;
    for (const auto end = std::chrono::steady_clock::now() + 1s; std::chrono::steady_clock::now() < end;) {
        const auto file = ElfFile::open(path_);
        errors += !file || !file->symbol("environ") || !file->section(".text") ? 1 : 0;
    }
    stop = true;
    writer.join();
    EXPECT_GT(errors, 0);
}

TEST_F(Elf, ASparseFileOfTenGigabytesTakesNeitherMemoryNorTime) {
    constexpr std::uint64_t kHuge = 10ull << 30;
    // A table of as many symbols as fit in, one of names of 10 GB, and a few of what the limit just allows.
    const std::vector<std::vector<Elf64_Shdr>> hostile{
        {section(SHT_NULL, 0, 0), section(SHT_SYMTAB, 4096, kHuge - 4096, 2), section(SHT_STRTAB, 4096, 100)},
        {section(SHT_NULL, 0, 0), section(SHT_SYMTAB, 4096, 2400, 2), section(SHT_STRTAB, 4096, kHuge - 4096)},
        {section(SHT_NULL, 0, 0), section(SHT_DYNSYM, 4096, ElfFile::kMaxSymbols * 24, 3),
         section(SHT_DYNSYM, 4096, ElfFile::kMaxSymbols * 24, 3), section(SHT_STRTAB, 4096, 100)},
    };
    for (const auto& sections : hostile) {
        write(sections);
        ASSERT_EQ(ftruncate(fd_, kHuge), 0);
        const auto file = ElfFile::open(path_);
        ASSERT_TRUE(file) << file.error().text;
        const auto before = peak_rss_kib();
        const auto begin = std::chrono::steady_clock::now();
        const auto symbol = file->symbol("_PyRuntime");
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
        EXPECT_LT(peak_rss_kib() - before, 32 * 1024);
        ASSERT_FALSE(symbol);
        EXPECT_THAT(symbol.error().text, HasSubstr("more than"));
    }
}

TEST_F(Elf, CountsOfSectionsAndSegmentsAreBounded) {
    std::vector<Elf64_Shdr> sections(ElfFile::kMaxSections + 1);
    write(sections);
    EXPECT_FALSE(ElfFile::open(path_));

    sections.resize(1);
    sections[0].sh_size = 1ull << 40; // the number of sections when e_shnum is 0
    write(sections);
    header_.e_shnum = 0;
    write_at(0, &header_, sizeof header_);
    EXPECT_FALSE(ElfFile::open(path_));

    header_.e_shoff = 0;
    header_.e_phoff = sizeof header_;
    header_.e_phnum = PN_XNUM;
    write_at(0, &header_, sizeof header_);
    ASSERT_EQ(ftruncate(fd_, 16 << 20), 0);
    EXPECT_FALSE(ElfFile::open(path_));
}

TEST_F(Elf, LinksAndOffsetsThatLeadNowhereAreErrors) {
    constexpr auto kNowhere = ~std::uint64_t{0};
    for (const auto& table : {section(SHT_SYMTAB, 4096, 240, 77), section(SHT_SYMTAB, kNowhere, 240, 1),
                              section(SHT_SYMTAB, kNowhere - 100, 240, 1), section(SHT_SYMTAB, 1u << 31, 240, 1)}) {
        write({section(SHT_NULL, 0, 0), section(SHT_STRTAB, 0, 16), table});
        const auto file = ElfFile::open(path_);
        ASSERT_TRUE(file);
        EXPECT_FALSE(file->symbol("environ"));
        EXPECT_FALSE(file->section(".text")); // e_shstrndx is 0: an empty table
    }
    header_.e_shstrndx = 0xffff;
    write({section(SHT_NULL, 0, 0)});
    const auto file = ElfFile::open(path_);
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->section(".text"));
    EXPECT_FALSE(file->contents({.address = 0, .offset = 0, .size = kNowhere}));
    EXPECT_FALSE(file->contents({.address = 0, .offset = kNowhere, .size = 16}));
}

TEST_F(Elf, AHeaderThatIsCutIsAnError) {
    for (const std::size_t size : {0u, 3u, 16u, 63u}) {
        ASSERT_EQ(ftruncate(fd_, 0), 0);
        write_at(0, &header_, size);
        EXPECT_FALSE(ElfFile::open(path_)) << size;
    }
    header_.e_machine = EM_AARCH64;
    write_at(0, &header_, sizeof header_);
    EXPECT_FALSE(ElfFile::open(path_));
}

} // namespace
} // namespace python
