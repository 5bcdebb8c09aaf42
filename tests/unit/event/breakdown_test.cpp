// SPDX-License-Identifier: BSD-2-Clause
// Where a request's time went: parts that add up to its duration whatever the kernel says, and peers by their names.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include "event/decode_breakdown.h"

namespace {

using namespace std::chrono_literals;

constexpr contract::u64 kMillisecond = 1'000'000;

contract::breakdown known() {
    contract::breakdown raw{};
    raw.flags = contract::BREAKDOWN_KNOWN;
    raw.thread = 4711;
    return raw;
}

contract::peer peer_of(contract::u16 family, std::string_view address, contract::u16 port = 0,
                       contract::u64 waited = kMillisecond) {
    contract::peer peer{.waited_ns = waited, .family = family, .port = port, .reserved = 0, .address = {}};
    peer.address_bytes = static_cast<contract::u16>(address.size());
    std::ranges::copy(address.substr(0, sizeof peer.address), peer.address);
    return peer;
}

// The name that one peer is given.
std::string name_of(const contract::peer& peer) {
    auto raw = known();
    raw.peers[0] = peer;
    const auto time = event::breakdown_of(raw, 1ms);
    EXPECT_EQ(time.peers.size(), 1u);
    return time.peers.empty() ? "" : time.peers[0].peer;
}

TEST(Breakdown, WhatIsNotKnownHasNoParts) {
    contract::breakdown raw{};
    raw.spent_ns[contract::TIME_ON_CPU] = 5;
    const auto time = event::breakdown_of(raw, 1s);
    EXPECT_FALSE(time.parts);
    EXPECT_FALSE(time.accept_queue);
    EXPECT_TRUE(time.peers.empty());
}

TEST(Breakdown, EachPartHasItsField) {
    auto raw = known();
    raw.flags |= contract::BREAKDOWN_ACCEPT_KNOWN | contract::BREAKDOWN_INTERLEAVED;
    raw.accept_ns = 40 * kMillisecond;
    raw.unread_ns = 50 * kMillisecond;
    for (contract::u64 part = 0; part < contract::TIME_STATES; part++) raw.spent_ns[part] = (part + 2) * kMillisecond;
    raw.gc_ns = kMillisecond;
    const auto time = event::breakdown_of(raw, 54ms);
    ASSERT_TRUE(time.parts);
    EXPECT_EQ(time.parts->on_cpu, 1ms) << "without what the garbage collector took";
    EXPECT_EQ(time.parts->gc, 1ms);
    EXPECT_EQ(time.parts->run_queue, 3ms);
    EXPECT_EQ(time.parts->lock, 4ms);
    EXPECT_EQ(time.parts->sockets, 5ms);
    EXPECT_EQ(time.parts->disk, 6ms);
    EXPECT_EQ(time.parts->sleeping, 7ms);
    EXPECT_EQ(time.parts->reading, 8ms);
    EXPECT_EQ(time.parts->writing, 9ms);
    EXPECT_EQ(time.parts->other, 10ms);
    EXPECT_EQ(time.parts->total(), 54ms);
    EXPECT_EQ(time.accept_queue, 40ms);
    EXPECT_EQ(time.thread_queue, 50ms);
    EXPECT_EQ(time.thread, 4711u);
    EXPECT_TRUE(time.interleaved);
    EXPECT_FALSE(time.moved);
    EXPECT_FALSE(time.gc_known) << "the kernel does not know whether it was told";
}

TEST(Breakdown, WhatTheKernelMissedIsOther) {
    auto raw = known();
    raw.spent_ns[contract::TIME_SLEEP] = 3 * kMillisecond;
    const auto time = event::breakdown_of(raw, 10ms);
    EXPECT_EQ(time.parts->other, 7ms);
    EXPECT_EQ(time.parts->total(), 10ms);
}

TEST(Breakdown, WhatIsBeyondTheDurationIsTakenFromTheProcessor) {
    auto raw = known();
    raw.spent_ns[contract::TIME_SLEEP] = 9 * kMillisecond;
    raw.spent_ns[contract::TIME_ON_CPU] = 3 * kMillisecond;
    const auto time = event::breakdown_of(raw, 10ms);
    EXPECT_EQ(time.parts->on_cpu, 1ms);
    EXPECT_EQ(time.parts->total(), 10ms);
}

TEST(Breakdown, CollectingIsNeverMoreThanTheProcessorGave) {
    auto raw = known();
    raw.spent_ns[contract::TIME_ON_CPU] = 3 * kMillisecond;
    raw.gc_ns = 4 * kMillisecond;
    const auto time = event::breakdown_of(raw, 3ms);
    EXPECT_EQ(time.parts->gc, 3ms);
    EXPECT_EQ(time.parts->on_cpu, 0ms);
}

TEST(Breakdown, PeersOfTheInternetAreAddressAndPort) {
    EXPECT_EQ(name_of(peer_of(AF_INET, std::string_view("\x0a\0\0\x05", 4), 5432)), "10.0.0.5:5432");
    in6_addr six{};
    inet_pton(AF_INET6, "2001:db8::1", &six);
    const std::string_view bytes(reinterpret_cast<const char*>(&six), sizeof six);
    EXPECT_EQ(name_of(peer_of(AF_INET6, bytes, 80)), "[2001:db8::1]:80");
    inet_pton(AF_INET6, "::ffff:10.0.0.5", &six);
    EXPECT_EQ(name_of(peer_of(AF_INET6, bytes, 80)), "10.0.0.5:80") << "a socket of both families";
    EXPECT_EQ(name_of(peer_of(AF_INET, std::string_view("\0\0\0\0", 4), 0)), "unconnected") << "not 0.0.0.0:0";
    EXPECT_EQ(name_of(peer_of(AF_INET6, std::string(16, '\0'), 0)), "unconnected");
}

TEST(Breakdown, UnixPeersAreTheirPath) {
    EXPECT_EQ(name_of(peer_of(AF_UNIX, "")), "unix");
    EXPECT_EQ(name_of(peer_of(AF_UNIX, std::string_view("/run/s\0", 7))), "/run/s");
    EXPECT_EQ(name_of(peer_of(AF_UNIX, std::string_view("\0shop", 5))), "@shop");
    const std::string longest(contract::PEER_ADDRESS_BYTES, 'x');
    EXPECT_EQ(name_of(peer_of(AF_UNIX, longest)), longest) << "not cut";
    EXPECT_EQ(name_of(peer_of(AF_UNIX, longest + "yz")), longest + "...");
    EXPECT_EQ(name_of(peer_of(AF_UNIX, "/run/a b\x1b[31m%")), "/run/a%20b%1B[31m%") << "nothing that a terminal obeys";
}

TEST(Breakdown, WhatHasNoAddressIsSaid) {
    EXPECT_EQ(name_of(peer_of(contract::PEER_IS_POLL, "")), "poll");
    EXPECT_EQ(name_of(peer_of(contract::PEER_IS_OVERFLOW, "")), "others");
    EXPECT_EQ(name_of(peer_of(AF_PACKET, "")), "socket of family 17");
}

TEST(Breakdown, PeersAreSortedAndThoseOfOneNameAddedUp) {
    auto raw = known();
    raw.spent_ns[contract::TIME_SOCKET] = 10 * kMillisecond;
    raw.peers[0] = peer_of(AF_UNIX, "/run/s", 0, 2 * kMillisecond);
    raw.peers[1] = peer_of(contract::PEER_IS_POLL, "", 0, 5 * kMillisecond);
    raw.peers[2] = peer_of(AF_UNIX, "/run/never", 0, 0);
    raw.peers[3] = peer_of(AF_UNIX, "/run/s", 0, 3 * kMillisecond + 1);
    const auto time = event::breakdown_of(raw, 10ms);
    ASSERT_EQ(time.peers.size(), 2u);
    EXPECT_EQ(time.peers[0].peer, "/run/s");
    EXPECT_EQ(time.peers[0].waited, 5ms + 1ns);
    EXPECT_EQ(time.peers[1].peer, "poll");
}

} // namespace
