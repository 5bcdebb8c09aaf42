// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "http/percent.h"

namespace http {
namespace {

TEST(Percent, Decodes) {
    EXPECT_EQ(percent_decoded("/caf%C3%a9%20x"), "/caf\xc3\xa9 x");
    EXPECT_EQ(percent_decoded("/plain"), "/plain");
    EXPECT_EQ(percent_decoded(""), "");
    EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
}

TEST(Percent, WhatIsNoneStays) {
    for (const auto* text : {"%", "%2", "/%zz", "%2g", "% 1", "%+1", "100%"}) EXPECT_EQ(percent_decoded(text), text);
    EXPECT_EQ(percent_decoded("%%41"), "%A");
}

} // namespace
} // namespace http
