// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "fixtures/proc_tree.h"
#include "python/elf_file.h"
#include "python/interpreter.h"

namespace python {
namespace {

using testing::HasSubstr;

constexpr std::string_view kStatic =
    "00400000-00420000 r--p 00000000 fe:01 2125                              /usr/bin/python3.11\n"
    "00420000-006c5000 r-xp 00020000 fe:01 2125                              /usr/bin/python3.11\n"
    "01a52000-01b3d000 rw-p 00000000 00:00 0                                 [heap]\n"
    "7f6b0c000000-7f6b0c021000 rw-p 00000000 00:00 0 \n"
    "7f6b0f400000-7f6b0f426000 r--p 00000000 fe:01 6148                      /usr/lib/x86_64-linux-gnu/libc.so.6\n";

constexpr std::string_view kShared =
    "556fdf1e0000-556fdf1e1000 r--p 00000000 fe:01 99 /opt/app/bin/python\n"
    "7f6b0f000000-7f6b0f080000 r--p 00000000 fe:01 98 /opt/python/lib/libpython3.so\n"
    "7f6b0f100000-7f6b0f180000 r--p 00000000 fe:01 97 /opt/my python/lib/libpython3.12.so.1.0\n"
    "7f6b0f180000-7f6b0f280000 r-xp 00080000 fe:01 97 /opt/my python/lib/libpython3.12.so.1.0\n";

TEST(InterpreterMapping, IsTheProgramWhereNothingElseIsMapped) {
    const auto mapping = interpreter_mapping(kStatic, "/usr/bin/python3.11");
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->path, "/usr/bin/python3.11");
    EXPECT_EQ(mapping->start, 0x400000u);
    EXPECT_EQ(mapping->end, 0x420000u);
    EXPECT_EQ(mapping->offset, 0u);
}

TEST(InterpreterMapping, IsLibpythonWhereThereIsOne) {
    const auto mapping = interpreter_mapping(kShared, "/opt/app/bin/python");
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->path, "/opt/my python/lib/libpython3.12.so.1.0");
    EXPECT_EQ(mapping->start, 0x7f6b0f100000u);
}

TEST(InterpreterMapping, IsACopyOfAnotherName) {
    const auto mapping = interpreter_mapping("00400000-00420000 r--p 00000000 fe:01 2125 /srv/server\n", "/srv/server");
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->path, "/srv/server");
}

TEST(InterpreterMapping, IsAnErrorOtherwise) {
    EXPECT_FALSE(interpreter_mapping("", "/usr/bin/sleep"));
    EXPECT_FALSE(interpreter_mapping("01a52000-01b3d000 rw-p 00000000 00:00 0 [heap]\n", "/usr/bin/sleep"));
}

TEST(InterpreterMapping, VersionInAName) {
    EXPECT_EQ(minor_in_name("/usr/bin/python3.9"), 9);
    EXPECT_EQ(minor_in_name("/usr/lib/libpython3.11.so.1.0"), 11);
    EXPECT_EQ(minor_in_name("/usr/bin/python3.13t"), 13);
    EXPECT_EQ(minor_in_name("/usr/bin/python3.11 (deleted)"), 11);
    EXPECT_EQ(minor_in_name("/usr/bin/python3"), -1);
    EXPECT_EQ(minor_in_name("/opt/python3.8/bin/python"), -1);
    EXPECT_EQ(minor_in_name("/usr/bin/pypy3.9"), -1);
}

TEST(Interpreter, IsNotFoundInAProcessWithoutPython) {
    const procfs::ProcFs proc;
    auto memory = Memory::open(proc, getpid());
    ASSERT_TRUE(memory);
    const auto found = find_interpreter(proc, getpid(), *memory);
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().text, HasSubstr("no CPython"));
}

TEST(Interpreter, IsNotFoundInAProcessThatIsGone) {
    fixtures::ProcTree tree;
    const procfs::ProcFs proc(tree.root());
    EXPECT_FALSE(Memory::open(proc, 100));
}

TEST(ElfFile, FindsItsOwnSymbolsAndRefusesOtherFiles) {
    const auto self = ElfFile::open("/proc/self/exe");
    ASSERT_TRUE(self) << self.error().text;
    EXPECT_TRUE(self->symbol("environ"));
    EXPECT_FALSE(self->symbol("_PyRuntime"));
    EXPECT_TRUE(self->section(".text"));
    EXPECT_FALSE(self->section(".PyRuntime"));
    EXPECT_FALSE(self->bias(0x400000, 0x123000));
    EXPECT_FALSE(ElfFile::open("/proc/self/status"));
    EXPECT_FALSE(ElfFile::open("/tmp"));
    EXPECT_FALSE(ElfFile::open("/nonexistent"));
}

} // namespace
} // namespace python
