// SPDX-License-Identifier: BSD-2-Clause
// The kernel's tables of sockets.
#include <gtest/gtest.h>

#include "fixtures/proc_tree.h"
#include "procfs/procfs.h"

namespace {

constexpr std::string_view kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 63353 1 "
    "0000000000000000 "
    "100 0 0 10 0\n"
    "   1: 0100007F:1F90 0100007F:B6F2 01 00000000:00000000 00:00000000 00000000  1000        0 70001 1 "
    "0000000000000000 "
    "20 4 30 10 -1\n"
    "   2: 0100007F:1F90 0100007F:B6F4 06 00000000:00000000 03:00001234 00000000     0        0 0 3 0000000000000000\n"
    "   3: 0A0000C0:0050 0100007F:B6F6 01 00000000:00000010 00:00000000 00000000     0        0 0 1 0000000000000000\n";

constexpr std::string_view kTcp6 = "  sl  local_address                         remote_address                        "
                                   "st tx_queue rx_queue tr tm->when "
                                   "retrnsmt   uid  timeout inode\n"
                                   "   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 "
                                   "0A 00000000:00000000 00:00000000 "
                                   "00000000     0        0 801 1 0000000000000000 100 0 0 10 0\n"
                                   "   1: 00000000000000000000000001000000:1F91 0000000000000000FFFF00000100007F:C000 "
                                   "01 00000000:00000000 00:00000000 "
                                   "00000000     0        0 802 1 0000000000000000 100 0 0 10 0\n";

constexpr std::string_view kUnix =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 9001 /run/gunicorn with blank.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 9002 /run/gunicorn with blank.sock\n"
    "0000000000000000: 00000002 00000000 00000000 0001 02     0 /run/gunicorn with blank.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 9003\n"
    "0000000000000000: 00000002 00000000 00010000 0005 01 9004 @abstract\n";

TEST(Tcp, KeepsListeningAndEstablishedRows) {
    const auto sockets = procfs::parse_tcp(kTcp);
    ASSERT_EQ(sockets.size(), 3u);
    EXPECT_TRUE(sockets[0].listening);
    EXPECT_EQ(sockets[0].local_address, "127.0.0.1");
    EXPECT_EQ(sockets[0].local_port, 8080);
    EXPECT_EQ(sockets[0].peer_address, "0.0.0.0");
    EXPECT_EQ(sockets[0].peer_port, 0);
    EXPECT_EQ(sockets[0].receive_queue, 5u);
    EXPECT_EQ(sockets[0].inode, 63353u);

    EXPECT_FALSE(sockets[1].listening);
    EXPECT_EQ(sockets[1].peer_port, 0xB6F2);
    EXPECT_EQ(sockets[1].inode, 70001u);

    EXPECT_EQ(sockets[2].local_address, "192.0.0.10");
    EXPECT_EQ(sockets[2].local_port, 80);
    EXPECT_EQ(sockets[2].receive_queue, 16u);
    EXPECT_EQ(sockets[2].inode, 0u);
}

TEST(Tcp, ReadsIpv6Addresses) {
    const auto sockets = procfs::parse_tcp(kTcp6);
    ASSERT_EQ(sockets.size(), 2u);
    EXPECT_EQ(sockets[0].local_address, "::");
    EXPECT_EQ(sockets[0].local_port, 8081);
    EXPECT_EQ(sockets[1].local_address, "::1");
    EXPECT_EQ(sockets[1].peer_address, "::ffff:127.0.0.1");
}

TEST(Tcp, LeavesOutRowsThatDoNotReadAsOne) {
    const std::string heading = "heading\n";
    for (const std::string row :
         {"", "0:", "0: x y 0A", "0: 0100007F:1F90 00000000:0000 0A 00000000:00000005",
          "0: 0100007F-1F90 00000000:0000 0A 0:0 0:0 0 0 0 1", "0: 0100007G:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1",
          "0: 0100007F:1F90F 00000000:0000 0A 0:0 0:0 0 0 0 1", "0: 0100007F:1F90 00000000:0000 0A 00 0:0 0 0 0 1"})
        EXPECT_TRUE(procfs::parse_tcp(heading + row + "\n").empty()) << row;
    EXPECT_TRUE(procfs::parse_tcp("").empty());
}

TEST(Unix, ReadsPathsStatesAndWaitingConnections) {
    const auto sockets = procfs::parse_unix(kUnix);
    ASSERT_EQ(sockets.size(), 5u);
    EXPECT_EQ(sockets[0].path, "/run/gunicorn with blank.sock");
    EXPECT_TRUE(sockets[0].listening());
    EXPECT_EQ(sockets[0].state, 1u);
    EXPECT_EQ(sockets[0].inode, 9001u);
    EXPECT_FALSE(sockets[1].listening());
    EXPECT_FALSE(sockets[1].waits_for_accept());
    EXPECT_TRUE(sockets[2].waits_for_accept());
    EXPECT_EQ(sockets[2].path, sockets[0].path);
    EXPECT_EQ(sockets[3].path, "");
    EXPECT_EQ(sockets[4].path, "@abstract");
}

TEST(Sockets, AreReadFromTheProcessesNetworkNamespace) {
    fixtures::ProcTree tree;
    const procfs::ProcFs proc{tree.root()};
    tree.put({.pid = 40});
    tree.write("40/net/tcp", kTcp);
    tree.write("40/net/unix", kUnix);
    EXPECT_EQ(proc.tcp_sockets(40).value().size(), 3u) << "without IPv6";
    tree.write("40/net/tcp6", kTcp6);
    EXPECT_EQ(proc.tcp_sockets(40).value().size(), 5u);
    EXPECT_EQ(proc.unix_sockets(40).value().size(), 5u);
}

} // namespace
