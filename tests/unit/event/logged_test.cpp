// SPDX-License-Identifier: BSD-2-Clause
// What a record of a logged exception says, and Python's strings as UTF-8.
#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "contract.h"
#include "event/decode.h"
#include "event/python_text.h"

namespace event {
namespace {

class LoggedTest : public testing::Test {
protected:
    LoggedTest() { record_.header.kind = contract::RECORD_LOGGED; }

    template <typename Character> void argument(std::u32string_view text, int kind) {
        auto* to = record_.arguments[0];
        for (const auto character : text) {
            const auto stored = static_cast<Character>(character);
            std::memcpy(to, &stored, sizeof stored);
            to += sizeof stored;
        }
        record_.argument_bytes[0] = static_cast<contract::u16>(to - record_.arguments[0]);
        record_.argument_kinds[0] = static_cast<contract::u8>(kind);
    }
    Logged decoded() const {
        const auto event = decode(std::as_bytes(std::span(&record_, 1)));
        return event ? std::get<Logged>(*event) : Logged{};
    }

    contract::record_logged record_{};
};

TEST_F(LoggedTest, ArgumentsAreUtf8HoweverWideTheirCharactersAre) {
    argument<std::uint8_t>(U"/gr\u00fc\u00dfe", contract::ARGUMENT_LATIN_1);
    EXPECT_EQ(decoded().arguments[0], "/gr\xc3\xbc\xc3\x9f"
                                      "e");
    argument<std::uint16_t>(U"/\u6771\u00fc", contract::ARGUMENT_UCS_2);
    EXPECT_EQ(decoded().arguments[0], "/\xe6\x9d\xb1\xc3\xbc");
    argument<std::uint32_t>(U"/\U0001f600\u6771", contract::ARGUMENT_UCS_4);
    EXPECT_EQ(decoded().arguments[0], "/\xf0\x9f\x98\x80\xe6\x9d\xb1");
    argument<std::uint8_t>(U"/plain", contract::ARGUMENT_BYTES);
    EXPECT_EQ(decoded().arguments[0], "/plain");
    EXPECT_EQ(decoded().arguments[1], "");
}

TEST_F(LoggedTest, WhatWasCutSaysSo) {
    argument<std::uint8_t>(U"/beginning", contract::ARGUMENT_BYTES | contract::ARGUMENT_IS_CUT);
    EXPECT_EQ(decoded().arguments[0], "/beginning");
    EXPECT_TRUE(decoded().cut[0]);
    EXPECT_FALSE(decoded().cut[1]);
    record_.argument_bytes[0] = 0xffff;
    EXPECT_EQ(decoded().arguments[0].size(), contract::LOG_ARGUMENT_BYTES) << "no more than there is room for";
}

TEST_F(LoggedTest, WhoseCodeRaised) {
    EXPECT_EQ(decoded().raised_in, RaisedIn::not_known);
    record_.by.raised = contract::RAISED_IN_SERVER;
    EXPECT_EQ(decoded().raised_in, RaisedIn::server);
    record_.by.raised = contract::RAISED_IN_APPLICATION;
    EXPECT_EQ(decoded().raised_in, RaisedIn::application);
}

TEST_F(LoggedTest, WhetherTheServerCaughtIt) {
    EXPECT_FALSE(decoded().to_server);
    record_.by.raised = contract::RAISED_TO_SERVER;
    EXPECT_TRUE(decoded().to_server);
}

TEST(PythonText, ANameThatIsCutSaysSo) {
    EXPECT_EQ(class_name_of({"KeyError\0y", 10}), "KeyError");
    EXPECT_EQ(class_name_of({"\0", 1}), "");
    EXPECT_EQ(class_name_of("KeyErro"), "KeyErr…");
    EXPECT_EQ(class_name_of("Größe"), "Größ…");
    EXPECT_EQ(class_name_of("Größ"), "Grö…") << "half a character";
    EXPECT_EQ(class_name_of("Grö💥"), "Grö…");
    EXPECT_EQ(class_name_of("\x80\x80"), "\x80…") << "no text";
    EXPECT_EQ(class_name_of("x"), "…");
}

TEST(PythonText, WhatIsNoTextIsReplacedOrLeftOut) {
    const std::uint16_t surrogate = 0xd800;
    const std::string_view bytes(reinterpret_cast<const char*>(&surrogate), sizeof surrogate);
    EXPECT_EQ(utf8_of(bytes, 2), "?");
    EXPECT_EQ(utf8_of(bytes.substr(0, 1), 2), "") << "half a character";
    EXPECT_EQ(utf8_of("ab", 3), "") << "no such width";
    EXPECT_EQ(utf8_of("\xff", 0), "\xff") << "bytes as they are";
}

} // namespace
} // namespace event
