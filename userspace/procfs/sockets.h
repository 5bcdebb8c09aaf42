// SPDX-License-Identifier: BSD-2-Clause
// The kernel's tables of sockets, /proc/<pid>/net/{tcp,tcp6,unix}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace procfs {

struct TcpSocket {
    std::string local_address; // "127.0.0.1", "::1"
    std::uint16_t local_port = 0;
    std::string peer_address; // "0.0.0.0" or "::" when listening
    std::uint16_t peer_port = 0;
    bool listening = false;          // else established
    std::uint32_t receive_queue = 0; // bytes; when listening: connections that wait for accept()
    std::uint64_t inode = 0;         // 0: an established connection that nobody has accepted
};

struct UnixSocket {
    // Of struct socket, not of the protocol: <linux/net.h> has the enum for the kernel only.
    static constexpr unsigned kConnecting = 2;
    static constexpr std::uint32_t kAcceptsConnections = 0x10000;

    std::string path;        // empty when unnamed; abstract ones begin with '@'
    unsigned state = 0;      // 1 unconnected (a listener, too), 2 connecting, 3 connected
    std::uint32_t flags = 0; // kAcceptsConnections: listening
    std::uint64_t inode = 0; // 0: a connection that nobody has accepted

    bool listening() const { return (flags & kAcceptsConnections) != 0; }
    bool waits_for_accept() const { return state == kConnecting && inode == 0; }
};

// Listening and established rows of a tcp or tcp6 table. A row that does not read as one is left out.
std::vector<TcpSocket> parse_tcp(std::string_view table);

std::vector<UnixSocket> parse_unix(std::string_view table);

} // namespace procfs
