// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <limits>

#include "multiprocess/number.h"

namespace multiprocess {
namespace {

// What floatToGoString() of the client says.
TEST(Number, AsTheClientWritesThem) {
    EXPECT_EQ(client_number(0), "0.0");
    EXPECT_EQ(client_number(-0.0), "-0.0");
    EXPECT_EQ(client_number(1), "1.0");
    EXPECT_EQ(client_number(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(client_number(0.0001), "0.0001");
    EXPECT_EQ(client_number(0.00001), "1e-05");
    EXPECT_EQ(client_number(1.5e-7), "1.5e-07");
    EXPECT_EQ(client_number(999999), "999999.0");
    EXPECT_EQ(client_number(1000000), "1e+06");
    EXPECT_EQ(client_number(1234567.5), "1.2345675e+06");
    EXPECT_EQ(client_number(-1234567.5), "-1234567.5");
    EXPECT_EQ(client_number(12345678901.0), "1.2345678901e+010");
    EXPECT_EQ(client_number(1e15), "1e+015");
    EXPECT_EQ(client_number(1e16), "1e+16");
    EXPECT_EQ(client_number(-1.25e17), "-1.25e+17");
    EXPECT_EQ(client_number(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
    EXPECT_EQ(client_number(std::numeric_limits<double>::denorm_min()), "5e-324");
    EXPECT_EQ(client_number(std::numeric_limits<double>::infinity()), "+Inf");
    EXPECT_EQ(client_number(-std::numeric_limits<double>::infinity()), "-Inf");
    EXPECT_EQ(client_number(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(Number, Bounds) {
    EXPECT_EQ(parse_bound("0.005"), 0.005);
    EXPECT_EQ(parse_bound("1.2345675e+06"), 1234567.5);
    EXPECT_EQ(parse_bound("1e+010"), 1e10);
    EXPECT_EQ(parse_bound("+Inf"), std::numeric_limits<double>::infinity());
    EXPECT_EQ(parse_bound("-1.0"), -1);
    for (const auto* text : {"", "+", "NaN", "1.0x", "x", " 1"}) EXPECT_EQ(parse_bound(text), std::nullopt) << text;
}

} // namespace
} // namespace multiprocess
