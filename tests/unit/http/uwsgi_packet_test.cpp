// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/uwsgi_packet.h"

namespace {

using http::LineState;

std::string text(std::string_view bytes) {
    std::string out{static_cast<char>(bytes.size() & 0xff), static_cast<char>(bytes.size() >> 8)};
    return out.append(bytes);
}

std::string pair(std::string_view name, std::string_view value) { return text(name) + text(value); }

TEST(UwsgiPacket, HasMethodAndPath) {
    const auto packet = pair("QUERY_STRING", "a=b") + pair("REQUEST_METHOD", "POST") + pair("CONTENT_LENGTH", "") +
                        pair("REQUEST_URI", "/orders?a=b") + pair("PATH_INFO", "/orders");
    const auto line = http::parse_uwsgi_packet(packet, LineState::whole);
    EXPECT_EQ(line.method, "POST");
    EXPECT_EQ(line.path, "/orders");
}

TEST(UwsgiPacket, PathInfoServesWithoutUri) {
    const auto packet = pair("REQUEST_METHOD", "GET") + pair("PATH_INFO", "/p");
    EXPECT_EQ(http::parse_uwsgi_packet(packet, LineState::whole).path, "/p");
}

TEST(UwsgiPacket, VariablesBehindTheCutAreUnknown) {
    const auto packet = pair("QUERY_STRING", std::string(300, 'q')) + pair("REQUEST_METHOD", "GET");
    const auto cut = http::parse_uwsgi_packet(packet + text("REQUEST_URI") + "\x50", LineState::cut);
    EXPECT_EQ(cut.method, "GET");
    EXPECT_FALSE(cut.path.has_value());
}

TEST(UwsgiPacket, GarbageIsInvalid) {
    for (const auto& bytes : {std::string(), std::string("\xff\xff", 2), std::string("\x01"), std::string(40, '\0')}) {
        const auto line = http::parse_uwsgi_packet(bytes, LineState::whole);
        EXPECT_EQ(line.method, "invalid");
        EXPECT_EQ(line.path, "invalid");
    }
}

} // namespace
