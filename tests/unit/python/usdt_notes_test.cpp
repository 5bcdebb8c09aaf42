// SPDX-License-Identifier: BSD-2-Clause
// USDT notes of the system's Python, and notes that somebody wrote to mislead.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "python/usdt_notes.h"

namespace python {
namespace {

using testing::HasSubstr;

TEST(UsdtNotes, OfTheSystemsPython) {
    const auto file = ElfFile::open("/usr/bin/python3");
    ASSERT_TRUE(file);
    const auto sites = usdt_sites(*file, "python", "gc__start");
    ASSERT_TRUE(sites) << sites.error().text;
    ASSERT_FALSE(sites->empty());
    for (const auto& site : *sites) {
        std::array<std::byte, 1> nop{};
        ASSERT_TRUE(file->read(site.offset, nop));
        EXPECT_EQ(nop[0], std::byte{0x90});
        EXPECT_NE(site.semaphore_offset, 0u);
        EXPECT_THAT(site.arguments, HasSubstr("4@")) << "gc__start(int generation)";
    }
    EXPECT_TRUE(usdt_sites(*file, "python", "no__such__probe")->empty());
    EXPECT_TRUE(usdt_sites(*file, "ruby", "gc__start")->empty());
}

TEST(UsdtNotes, OfAProgramWithoutAny) {
    const auto file = ElfFile::open("/proc/self/exe");
    ASSERT_TRUE(file);
    const auto sites = usdt_sites(*file, "python", "gc__start");
    ASSERT_TRUE(sites);
    EXPECT_TRUE(sites->empty());
}

// A file of one segment that holds everything, with the notes in its section .note.stapsdt.
class Crafted : public testing::Test {
protected:
    Crafted() { close(mkstemp(path_.data())); }
    ~Crafted() override { unlink(path_.c_str()); }

    Result<std::vector<UsdtSite>> sites_of(const std::string& notes, std::uint64_t claimed_size = 0) const {
        static constexpr std::string_view kNames("\0.note.stapsdt\0.shstrtab\0", 25);
        struct {
            Elf64_Ehdr header{};
            Elf64_Phdr segment{};
            std::array<Elf64_Shdr, 3> sections{};
        } file;
        std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
        file.header.e_ident[EI_CLASS] = ELFCLASS64;
        file.header.e_ident[EI_DATA] = ELFDATA2LSB;
        file.header.e_machine = EM_X86_64;
        file.header.e_type = ET_DYN;
        file.header.e_phoff = sizeof file.header;
        file.header.e_phentsize = sizeof(Elf64_Phdr);
        file.header.e_phnum = 1;
        file.header.e_shoff = sizeof file.header + sizeof file.segment;
        file.header.e_shentsize = sizeof(Elf64_Shdr);
        file.header.e_shnum = file.sections.size();
        file.header.e_shstrndx = 2;
        file.segment.p_type = PT_LOAD;
        file.segment.p_filesz = 0x1000;
        file.sections[1].sh_name = 1;
        file.sections[1].sh_type = SHT_NOTE;
        file.sections[1].sh_offset = sizeof file + kNames.size();
        file.sections[1].sh_size = claimed_size != 0 ? claimed_size : notes.size();
        file.sections[2].sh_name = 15;
        file.sections[2].sh_type = SHT_STRTAB;
        file.sections[2].sh_offset = sizeof file;
        file.sections[2].sh_size = kNames.size();
        FILE* out = std::fopen(path_.c_str(), "w");
        std::fwrite(&file, sizeof file, 1, out);
        std::fwrite(kNames.data(), kNames.size(), 1, out);
        std::fwrite(notes.data(), notes.size(), 1, out);
        std::fclose(out);
        const auto elf = ElfFile::open(path_);
        if (!elf) return std::unexpected(elf.error());
        return usdt_sites(*elf, "python", "gc__start");
    }
    static std::string note(std::array<std::uint64_t, 3> addresses, std::string_view strings) {
        std::string description(reinterpret_cast<const char*>(addresses.data()), sizeof addresses);
        description += strings;
        const Elf64_Nhdr header{.n_namesz = 8, .n_descsz = static_cast<Elf64_Word>(description.size()), .n_type = 3};
        description.resize((description.size() + 3) / 4 * 4);
        return std::string(reinterpret_cast<const char*>(&header), sizeof header) + std::string("stapsdt\0", 8) +
               description;
    }
    static constexpr std::string_view kGcStart{"python\0gc__start\0-4@%ebx\0", 25};

    std::string path_ = "/tmp/usdt-notes-test-XXXXXX";
};

TEST_F(Crafted, AGoodNote) {
    const auto sites = sites_of(note({0x10, 0, 0x20}, {"python\0other\0\0", 14}) + note({0x123, 0, 0x222}, kGcStart));
    ASSERT_TRUE(sites) << sites.error().text;
    ASSERT_EQ(sites->size(), 1u);
    EXPECT_EQ(sites->at(0).offset, 0x123u);
    EXPECT_EQ(sites->at(0).semaphore_offset, 0x222u);
    EXPECT_EQ(sites->at(0).arguments, "-4@%ebx");
}

TEST_F(Crafted, NotesThatAreWrongAreErrors) {
    EXPECT_FALSE(sites_of(note({0x123456, 0, 0}, kGcStart))) << "a probe in no segment";
    EXPECT_FALSE(sites_of(note({0x123, 0, 0x123456}, kGcStart))) << "a semaphore in no segment";
    EXPECT_FALSE(sites_of(note({1, 0, 0}, {"python\0gc__start", 16}))) << "strings without an end";
    EXPECT_FALSE(sites_of("abc")) << "a header that is cut";
    EXPECT_FALSE(sites_of(note({0x123, 0, 0}, kGcStart).substr(0, 40))) << "a note that is cut";
    EXPECT_FALSE(sites_of(std::string(12, '\xff'))) << "sizes of 4 GB";
    EXPECT_FALSE(sites_of(note({0x123, 0, 0}, kGcStart), 1ull << 40)) << "a section of a terabyte";
    EXPECT_FALSE(sites_of(note({0x123, 0, 0}, kGcStart), 4096)) << "a section behind the end of the file";
    std::string many;
    for (std::size_t i = 0; i <= kMaxUsdtSites; ++i) many += note({0x123, 0, 0}, kGcStart);
    EXPECT_FALSE(sites_of(many));
}

} // namespace
} // namespace python
