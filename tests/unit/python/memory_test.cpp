// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "python/memory.h"

namespace python {
namespace {

Address address_of(const void* object) { return reinterpret_cast<Address>(object); }

class MemoryTest : public testing::Test {
protected:
    void SetUp() override {
        pages_ = static_cast<char*>(
            mmap(nullptr, 4 * Memory::kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        ASSERT_NE(pages_, MAP_FAILED);
        std::iota(pages_, pages_ + 3 * Memory::kPage, char{0});
        ASSERT_EQ(munmap(pages_ + 3 * Memory::kPage, Memory::kPage), 0); // nothing behind the third page
    }
    void TearDown() override { munmap(pages_, 3 * Memory::kPage); }

    Memory open(Budget budget = {}) {
        auto memory = Memory::open(proc_, getpid(), budget);
        EXPECT_TRUE(memory) << memory.error().text;
        return *std::move(memory);
    }

    procfs::ProcFs proc_;
    char* pages_ = nullptr;
};

TEST_F(MemoryTest, ReadsAcrossPages) {
    auto memory = open();
    std::vector<std::byte> bytes(2 * Memory::kPage);
    ASSERT_TRUE(memory.read(address_of(pages_ + 100), bytes));
    EXPECT_EQ(std::memcmp(bytes.data(), pages_ + 100, bytes.size()), 0);
    std::uint64_t expected = 0;
    std::memcpy(&expected, pages_ + Memory::kPage - 3, sizeof expected);
    EXPECT_EQ(*memory.value<std::uint64_t>(address_of(pages_ + Memory::kPage - 3)), expected);
}

TEST_F(MemoryTest, AnUnmappedAddressIsAnError) {
    auto memory = open();
    EXPECT_FALSE(memory.pointer(0));
    EXPECT_FALSE(memory.pointer(~Address{0}));
    EXPECT_FALSE(memory.pointer(Address{1} << 63));
    EXPECT_FALSE(memory.pointer(address_of(pages_ + 3 * Memory::kPage - 4))); // half of it
    EXPECT_TRUE(memory.pointer(address_of(pages_ + 3 * Memory::kPage - 8)));
}

TEST_F(MemoryTest, APageIsReadOnce) {
    auto memory = open({.pages = 1, .reads = 100});
    EXPECT_TRUE(memory.value<char>(address_of(pages_)));
    EXPECT_TRUE(memory.value<char>(address_of(pages_ + Memory::kPage - 1)));
    EXPECT_FALSE(memory.value<char>(address_of(pages_ + Memory::kPage)));
}

TEST_F(MemoryTest, ReadsEndWithTheBudget) {
    auto memory = open({.pages = 10, .reads = 5});
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(memory.value<char>(address_of(pages_)));
    EXPECT_FALSE(memory.value<char>(address_of(pages_)));
}

TEST_F(MemoryTest, WhatIsForgottenIsReadAgain) {
    auto memory = open({.pages = 1, .reads = 2});
    pages_[8] = 'a';
    EXPECT_EQ(*memory.value<char>(address_of(pages_ + 8)), 'a');
    pages_[8] = 'b';
    EXPECT_EQ(*memory.value<char>(address_of(pages_ + 8)), 'a');
    memory.forget();
    EXPECT_EQ(*memory.value<char>(address_of(pages_ + 8)), 'b');
    EXPECT_TRUE(memory.value<char>(address_of(pages_ + 9)));
    EXPECT_FALSE(memory.value<char>(address_of(pages_ + 9)));
}

TEST_F(MemoryTest, TextEndsAtItsNulOrIsRefused) {
    std::strcpy(pages_ + Memory::kPage - 4, "Gunicorn");
    auto memory = open();
    EXPECT_EQ(*memory.c_string(address_of(pages_ + Memory::kPage - 4)), "Gunicorn");
    EXPECT_TRUE(memory.c_string(address_of(pages_ + Memory::kPage - 4), 9));
    EXPECT_FALSE(memory.c_string(address_of(pages_ + Memory::kPage - 4), 8));
}

TEST_F(MemoryTest, AProcessThatIsNotThereIsAnError) {
    const procfs::ProcFs nothing("/nonexistent");
    EXPECT_FALSE(Memory::open(nothing, 1));
}

} // namespace
} // namespace python
