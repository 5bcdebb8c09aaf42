// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "multiprocess/key.h"

namespace multiprocess {
namespace {

TEST(Key, AsTheClientWritesIt) {
    const auto key = parse_key(R"(["a", "a_total", {"z": "1", "b": "\"\n\u00e9"}, "Help \\ text"])");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->metric, "a");
    EXPECT_EQ(key->sample, "a_total");
    EXPECT_EQ(key->labels, (Labels{{"b", "\"\n\xc3\xa9"}, {"z", "1"}}));
    EXPECT_EQ(key->help, "Help \\ text");
}

TEST(Key, WithoutHelp) {
    const auto key = parse_key(R"(["a", "a_total", {}])");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->help, "Multiprocess metric");
}

TEST(Key, WhatItIsNot) {
    const std::string deep = R"(["a", )" + std::string(60000, '[') + std::string(60000, ']') + "]";
    for (const std::string text : {"", "[]", "[1]", R"(["a", "a"])", R"(["a", "a", [], "h"])",
                                   R"(["a", "a", {"b": 1}, "h"])", R"(["a", "a", {"b": {"c": "d"}}, "h"])",
                                   R"([1, "a", {}, "h"])", R"(["a", "a", {}, null])", R"(["a", "a", {}, "h", "more"])",
                                   R"(["a", "a", {}, "h"] )"
                                   "x",
                                   "[\"\xff\", \"a\", {}]", R"(["a", "a", {"b": "\udc80"}, "h"])", deep.c_str()})
        EXPECT_FALSE(parse_key(text)) << text.substr(0, 50);
}

TEST(Key, NamesOfSamples) {
    const auto is_good = [](const char* text, Type type) { return is_well_named(*parse_key(text), type); };
    EXPECT_TRUE(is_good(R"(["a", "a_total", {}])", Type::counter));
    EXPECT_FALSE(is_good(R"(["a", "a", {}])", Type::counter));
    EXPECT_TRUE(is_good(R"(["a", "a", {"b": "c"}])", Type::gauge));
    EXPECT_FALSE(is_good(R"(["a", "b", {}])", Type::gauge));
    EXPECT_TRUE(is_good(R"(["a", "a_bucket", {"le": "1.0"}])", Type::histogram));
    EXPECT_FALSE(is_good(R"(["a", "a_bucket", {}])", Type::histogram));
    EXPECT_FALSE(is_good(R"(["a", "a_sum", {"le": "1.0"}])", Type::histogram));
    EXPECT_TRUE(is_good(R"(["a", "a_sum", {}])", Type::histogram));
    EXPECT_TRUE(is_good(R"(["a", "a_count", {}])", Type::summary));
    EXPECT_FALSE(is_good(R"(["a", "a_bucket", {}])", Type::summary));
    EXPECT_FALSE(is_good(R"(["a b", "a b", {}])", Type::gauge));
    EXPECT_FALSE(is_good(R"(["a", "a", {"b-c": "d"}])", Type::gauge));
    EXPECT_FALSE(is_good(R"(["a\n# TYPE x counter", "a\n# TYPE x counter", {}])", Type::gauge));
}

} // namespace
} // namespace multiprocess
