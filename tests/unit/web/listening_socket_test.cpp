// SPDX-License-Identifier: BSD-2-Clause
// Addresses as a person writes them, and the sentences for those that do not work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "web/listening_socket.h"

namespace {

using testing::HasSubstr;
using testing::StartsWith;
using web::ListeningSocket;

std::string error_of(const std::string& address) {
    const auto socket = ListeningSocket::listen_on(address);
    return socket ? "no error for " + address : socket.error().text;
}

TEST(ListeningSocket, TakesAFreePortAndSaysWhich) {
    const auto socket = ListeningSocket::listen_on("127.0.0.1:0");
    ASSERT_TRUE(socket.has_value()) << socket.error().text;
    EXPECT_GT(socket->port(), 0);
    EXPECT_EQ(socket->address(), "127.0.0.1:" + std::to_string(socket->port()));
}

TEST(ListeningSocket, ResolvesAName) {
    const auto socket = ListeningSocket::listen_on("localhost:0");
    ASSERT_TRUE(socket.has_value()) << socket.error().text;
    EXPECT_GT(socket->port(), 0);
}

TEST(ListeningSocket, ListensOnIpv6) {
    if (access("/proc/net/if_inet6", F_OK) != 0) GTEST_SKIP() << "this host has no IPv6";
    const auto socket = ListeningSocket::listen_on("[::1]:0");
    ASSERT_TRUE(socket.has_value()) << socket.error().text;
    EXPECT_EQ(socket->address(), "[::1]:" + std::to_string(socket->port()));
}

TEST(ListeningSocket, WithoutAHostTakesEveryInterface) {
    const auto socket = ListeningSocket::listen_on(":0");
    ASSERT_TRUE(socket.has_value()) << socket.error().text;
    // With IPv6 one socket serves both families.
    EXPECT_TRUE(socket->address().starts_with("[::]:") || socket->address().starts_with("0.0.0.0:"));
}

TEST(ListeningSocket, SaysThatAPortIsInUse) {
    const auto first = ListeningSocket::listen_on("127.0.0.1:0");
    ASSERT_TRUE(first.has_value()) << first.error().text;
    EXPECT_EQ(error_of(first->address()),
              "listen on " + first->address() + ": address already in use (choose another with --web.listen-address)");
}

TEST(ListeningSocket, FreesThePortWhenItGoes) {
    std::string address;
    {
        const auto first = ListeningSocket::listen_on("127.0.0.1:0");
        ASSERT_TRUE(first.has_value()) << first.error().text;
        address = first->address();
    }
    EXPECT_TRUE(ListeningSocket::listen_on(address).has_value());
}

TEST(ListeningSocket, SaysWhatAnAddressLooksLike) {
    for (const char* wrong : {"", "9091", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
                              "127.0.0.1:-1", "127.0.0.1: 80", "::1:9091", "[::1]", "[::1]9091"}) {
        EXPECT_THAT(error_of(wrong), StartsWith(std::string("listen on ") + wrong + ": "));
        EXPECT_THAT(error_of(wrong), HasSubstr("not host:port (for example 127.0.0.1:9091")) << wrong;
    }
}

TEST(ListeningSocket, SaysThatAnAddressIsNotOurs) {
    // 192.0.2.0/24 is reserved for documentation (RFC 5737): no interface has it.
    EXPECT_THAT(error_of("192.0.2.1:0"), HasSubstr("no interface of this host has it"));
    EXPECT_THAT(error_of("host.invalid:0"), HasSubstr("unknown host"));
}

} // namespace
