// SPDX-License-Identifier: BSD-2-Clause
// Connection attempts that the kernel dropped, by listening address: a counter that also keeps what sockets counted
// that are closed by now.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace model {

class ListenerDrops {
public:
    // A socket's own count (sk_drops, modulo 2^32) at the moment. Its growth is the address's.
    void take(const std::string& name, std::uint64_t inode, std::uint32_t dropped);
    // The sum over all sockets that this address has had.
    std::uint64_t total(const std::string& name) const;
    // Call after all sockets of one look were taken: forgets those that were missing for the last few looks. Their
    // inode numbers may be used again.
    void end_look();

private:
    struct Socket {
        std::uint32_t dropped = 0;
        unsigned missing = 0; // looks since it was taken
    };

    std::map<std::uint64_t, Socket> sockets_; // by inode
    std::map<std::string, std::uint64_t> totals_;
};

} // namespace model
