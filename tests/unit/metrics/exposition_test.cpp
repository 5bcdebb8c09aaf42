// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "http/utf8.h"
#include "metrics/exposition.h"

namespace {

std::string number(double value) {
    std::string out;
    metrics::append_number(out, value);
    return out;
}

std::string escaped(std::string_view text, metrics::Quotes quotes = metrics::Quotes::escape) {
    std::string out;
    metrics::append_escaped(out, text, quotes);
    return out;
}

TEST(Number, IsWrittenAsTheDocumentationWritesIt) {
    EXPECT_EQ(number(42), "42.0");
    EXPECT_EQ(number(0), "0.0");
    EXPECT_EQ(number(52428800), "52428800.0");
    EXPECT_EQ(number(50000000), "50000000.0");
    EXPECT_EQ(number(15.234), "15.234");
    EXPECT_EQ(number(0.005), "0.005");
    EXPECT_EQ(number(0.075), "0.075");
    EXPECT_EQ(number(1), "1.0");
    EXPECT_EQ(number(2.5), "2.5");
    EXPECT_EQ(number(10), "10.0");
    EXPECT_EQ(number(-3), "-3.0");
}

TEST(Number, BeyondTheDocumentation) {
    const auto infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(number(infinity), "+Inf");
    EXPECT_EQ(number(-infinity), "-Inf");
    EXPECT_EQ(number(std::nan("")), "NaN");
    EXPECT_EQ(number(9007199254740992.0), "9007199254740992.0");
    EXPECT_EQ(number(1e300), "1e+300");
    EXPECT_EQ(number(1.5e-9), "1.5e-09");
    EXPECT_EQ(number(std::numeric_limits<double>::denorm_min()), "5e-324");
    EXPECT_EQ(number(0.1 + 0.2), "0.30000000000000004");
}

TEST(Number, ReadsBackAsTheSameDouble) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 100000; ++i) {
        const auto bits = random();
        double value;
        static_assert(sizeof value == sizeof bits);
        __builtin_memcpy(&value, &bits, sizeof value);
        if (!std::isfinite(value)) continue;
        ASSERT_EQ(std::strtod(number(value).c_str(), nullptr), value);
    }
}

TEST(Escaped, BackslashQuoteAndNewline) {
    EXPECT_EQ(escaped("plain"), "plain");
    EXPECT_EQ(escaped(""), "");
    EXPECT_EQ(escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    EXPECT_EQ(escaped("a\\b\"c\nd", metrics::Quotes::keep), "a\\\\b\"c\\nd");
    EXPECT_EQ(escaped("tab\tcr\r"), "tab\tcr\r");
}

TEST(Escaped, BytesThatAreNoTextAreReplaced) {
    EXPECT_EQ(escaped("caf\xC3\xA9"), "caf\xC3\xA9");
    EXPECT_EQ(escaped("caf\xE9!"), "caf\xEF\xBF\xBD!");
    EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a\xEF\xBF\xBD"
                                                    "b");
    EXPECT_EQ(escaped("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Escaped, AnyBytesEndAsTextWithoutBareQuoteOrNewline) {
    std::mt19937 random(2);
    std::uniform_int_distribution<int> any_byte(0, 255), length(0, 60);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes;
        for (int left = length(random); left > 0; --left) bytes += static_cast<char>(any_byte(random));
        const auto out = escaped(bytes);
        std::string_view rest = out;
        while (!rest.empty()) {
            ASSERT_TRUE(rest[0] != '"' && rest[0] != '\n' && rest[0] != '\0');
            const bool escape = rest[0] == '\\';
            if (escape) {
                ASSERT_TRUE(rest.size() > 1 && std::string_view("\\\"n").find(rest[1]) != std::string_view::npos);
            }
            const auto step = escape ? 2 : http::utf8_character(rest);
            ASSERT_GT(step, 0u);
            rest.remove_prefix(step);
        }
    }
}

TEST(Names, OfMetricsAndLabels) {
    EXPECT_TRUE(metrics::is_metric_name("a:b_C9"));
    EXPECT_FALSE(metrics::is_metric_name("9a"));
    EXPECT_FALSE(metrics::is_metric_name(""));
    EXPECT_FALSE(metrics::is_metric_name("a b"));
    EXPECT_TRUE(metrics::is_label_name("_a9"));
    EXPECT_FALSE(metrics::is_label_name("a:b"));
    EXPECT_FALSE(metrics::is_label_name("9"));
    EXPECT_FALSE(metrics::is_label_name(""));
}

} // namespace
