// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "client_file.h"
#include "multiprocess/values_file.h"

namespace multiprocess {
namespace {

const std::string kPaid = R"(["app_orders", "app_orders_total", {"status": "paid"}, "Orders"])";

Values values_of(const std::string& bytes) {
    const auto decoded = decode_values(as_bytes(bytes));
    EXPECT_TRUE(std::holds_alternative<Values>(decoded));
    return std::holds_alternative<Values>(decoded) ? std::get<Values>(decoded) : Values{};
}

bool is_malformed(const std::string& bytes) {
    const auto decoded = decode_values(as_bytes(bytes));
    const auto* reason = std::get_if<FileRefusal>(&decoded);
    return reason != nullptr && *reason == FileRefusal::malformed;
}

// Keys of every length modulo 8, so that the blanks behind them vary from 1 to 8.
TEST(ValuesFile, BothLayoutsAreToldApart) {
    for (const auto layout : {Layout::value, Layout::value_and_time}) {
        for (std::size_t more = 0; more < 8; ++more) {
            for (std::size_t count = 1; count < 4; ++count) {
                for (const double time : {0.0, 1.7e9, 1732500000.123}) {
                    const auto key = R"(["a", "a", {}, ")" + std::string(more, 'h') + "\"]";
                    std::vector<Written> written;
                    for (std::size_t i = 0; i < count; ++i)
                        written.push_back({key, 1.5 + static_cast<double>(i), time});
                    const auto bytes = client_bytes(written, layout);
                    const auto values = values_of(bytes);
                    ASSERT_EQ(values.entries.size(), count);
                    EXPECT_EQ(values.with_timestamps, layout == Layout::value_and_time);
                    for (std::size_t i = 0; i < count; ++i) {
                        EXPECT_EQ(values.entries[i].key, key);
                        EXPECT_EQ(values.entries[i].value, written[i].value);
                        EXPECT_EQ(values.entries[i].timestamp, layout == Layout::value ? 0 : time);
                    }
                }
            }
        }
    }
}

TEST(ValuesFile, NothingWrittenYetIsNothing) {
    EXPECT_TRUE(values_of(client_bytes({}, Layout::value)).entries.empty());
    EXPECT_TRUE(values_of("").entries.empty());
}

TEST(ValuesFile, EveryCutIsRefused) {
    for (const auto layout : {Layout::value, Layout::value_and_time}) {
        const auto whole = client_bytes({{kPaid, 1, 2}, {kPaid, 3, 4}}, layout);
        // Where the file could end after one value, in the one layout or in the other.
        const auto first = client_bytes({{kPaid, 1, 2}}, Layout::value).size();
        const auto first_with_time = client_bytes({{kPaid, 1, 2}}, Layout::value_and_time).size();
        for (std::size_t size = 9; size < whole.size(); ++size) {
            if (size == first || size == first_with_time) continue;
            EXPECT_TRUE(is_malformed(whole.substr(0, size))) << size;
        }
    }
}

TEST(ValuesFile, KeysThatCannotBeAreRefused) {
    for (const std::string key : {"", "[", "{}", R"({"a": 1})", R"("text")", "[1]", R"(["a")"})
        EXPECT_TRUE(is_malformed(client_bytes({{key, 1, 0}}, Layout::value))) << key;
    EXPECT_TRUE(is_malformed(client_bytes({{"[\"" + std::string(70000, 'x') + "\"]", 1, 0}}, Layout::value)));
    auto bytes = client_bytes({{kPaid, 1, 0}, {kPaid, 1, 0}}, Layout::value);
    bytes[8] = '\xff'; // the key's length
    bytes[11] = '\xff';
    EXPECT_TRUE(is_malformed(bytes));
}

TEST(ValuesFile, BytesInUse) {
    const auto used = [](std::string head) { return used_bytes(as_bytes(head)); };
    EXPECT_EQ(used(std::string("\x10\0\0\0", 4)), 16u);
    EXPECT_EQ(used(std::string("\0\0\0\0", 4)), 0u);
    EXPECT_EQ(used(std::string("\x0c\0\0\0", 4)), std::nullopt); // no multiple of 8
    EXPECT_EQ(used("\xf8\xff\xff\xff"), std::nullopt);           // negative
    EXPECT_EQ(used("abc"), std::nullopt);
}

} // namespace
} // namespace multiprocess
