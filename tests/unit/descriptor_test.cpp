// SPDX-License-Identifier: BSD-2-Clause
// Who closes a descriptor, and what an errno says.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "descriptor.h"
#include "errno_text.h"

namespace {

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

Descriptor open_null() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(Descriptor, IsClosedWithItsOwner) {
    int fd = -1;
    {
        const auto owner = open_null();
        ASSERT_TRUE(owner);
        fd = owner.get();
        EXPECT_TRUE(is_open(fd));
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(Descriptor, MovesToAnotherOwner) {
    auto first = open_null();
    const int fd = first.get();
    Descriptor second(std::move(first));
    EXPECT_EQ(second.get(), fd);
    {
        Descriptor third;
        third = std::move(second);
        EXPECT_EQ(third.get(), fd);
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(Descriptor, StaysOpenOnceReleased) {
    auto owner = open_null();
    const int fd = owner.release();
    EXPECT_FALSE(owner);
    Descriptor next(fd);
    EXPECT_TRUE(is_open(fd));
    EXPECT_TRUE(next.close());
    EXPECT_FALSE(is_open(fd));
    EXPECT_FALSE(next);
}

TEST(ErrnoText, IsThatOfTheKernel) {
    EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
    EXPECT_EQ(errno_name_and_text(EPERM), "EPERM (Operation not permitted)");
    EXPECT_EQ(errno_failure("open it", EACCES).error().text, "open it: Permission denied");
}

TEST(ErrnoText, NamesTheNumberOfAnUnknownOne) {
    EXPECT_EQ(errno_text(524), "Unknown error 524");
    EXPECT_EQ(errno_name_and_text(524), "error (Unknown error 524)");
}

} // namespace
