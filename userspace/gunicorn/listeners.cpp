// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace gunicorn {

namespace {

constexpr unsigned kUnixConnected = 3; // SS_CONNECTED, <linux/net.h>

bool is_wildcard(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

// "socket:[4711]"
std::optional<std::uint64_t> inode_of(std::string_view target) {
    constexpr std::string_view kPrefix = "socket:[";
    if (!target.starts_with(kPrefix)) return std::nullopt;
    std::uint64_t inode = 0;
    const auto digits = target.substr(kPrefix.size());
    if (std::from_chars(digits.data(), digits.data() + digits.size(), inode).ec != std::errc{}) return std::nullopt;
    return inode;
}

// Inodes of the namespace's connections whose local end is that of a listener.
std::set<std::uint64_t> accepted_on(const procfs::ProcFs& proc, pid_t pid,
                                    const std::vector<ListeningSocket>& listeners) {
    const auto listens = [&](std::uint64_t inode) {
        return std::ranges::find(listeners, inode, &ListeningSocket::inode) != listeners.end();
    };
    std::set<std::uint64_t> accepted;
    if (const auto sockets = proc.tcp_sockets(pid)) {
        std::set<std::pair<std::string, std::uint16_t>> addresses;
        std::set<std::uint16_t> ports; // of listeners on every address; one of IPv6 takes IPv4 clients, too
        for (const auto& socket : *sockets) {
            if (!socket.listening || !listens(socket.inode)) continue;
            if (is_wildcard(socket.local_address)) ports.insert(socket.local_port);
            addresses.emplace(socket.local_address, socket.local_port);
        }
        for (const auto& socket : *sockets) {
            if (socket.listening) continue;
            if (ports.contains(socket.local_port) || addresses.contains({socket.local_address, socket.local_port}))
                accepted.insert(socket.inode);
        }
    }
    if (const auto sockets = proc.unix_sockets(pid)) {
        std::set<std::string> paths;
        for (const auto& socket : *sockets) {
            if (socket.listening() && !socket.path.empty() && listens(socket.inode)) paths.insert(socket.path);
        }
        for (const auto& socket : *sockets) {
            if (!socket.listening() && socket.state == kUnixConnected && paths.contains(socket.path))
                accepted.insert(socket.inode);
        }
    }
    return accepted;
}

std::string name_of(const procfs::TcpSocket& socket) {
    const bool six = socket.local_address.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", six ? "[" : "", socket.local_address, six ? "]" : "", socket.local_port);
}

} // namespace

std::vector<ListeningSocket> listening_sockets(const procfs::ProcFs& proc, pid_t pid) {
    const auto held = proc.socket_inodes(pid);
    if (!held) return {};
    std::vector<ListeningSocket> listening;
    const auto add = [&](ListeningSocket socket) {
        if (std::ranges::binary_search(*held, socket.inode)) listening.push_back(std::move(socket));
    };
    if (const auto sockets = proc.tcp_sockets(pid)) {
        for (const auto& socket : *sockets) {
            if (socket.listening) add({socket.inode, socket.local_port, name_of(socket)});
        }
    }
    if (const auto sockets = proc.unix_sockets(pid)) {
        for (const auto& socket : *sockets) {
            if (socket.listening()) add({socket.inode, 0, "unix:" + socket.path});
        }
    }
    return listening;
}

bool serves_application(const std::string& name, const Facts& facts) {
    if (!name.starts_with("unix:")) return true;
    const auto bind = facts.find("bind");
    // Options may spell an address in another way; what the Arbiter holds, which has a version, does not.
    if (bind == facts.end() || !facts.contains("version")) return !name.ends_with("/gunicorn.ctl");
    return ("," + bind->second + ",").contains("," + name + ",");
}

Listeners listeners_of_worker(const procfs::ProcFs& proc, pid_t worker, pid_t master) {
    const auto own = listening_sockets(proc, worker);
    std::vector<ListeningSocket> shared;
    for (const auto& socket : listening_sockets(proc, master)) {
        if (std::ranges::find(own, socket.inode, &ListeningSocket::inode) != own.end()) shared.push_back(socket);
    }
    if (shared.empty()) return {own, true};
    return {shared, false};
}

std::vector<OpenConnection> open_connections(const procfs::ProcFs& proc, pid_t pid,
                                             const std::vector<ListeningSocket>& listeners) {
    const auto files = proc.open_files(pid, "socket:[");
    if (!files || listeners.empty()) return {};
    const auto accepted = accepted_on(proc, pid, listeners);
    std::vector<OpenConnection> connections;
    for (const auto& file : *files) {
        const auto inode = inode_of(file.target);
        if (inode && accepted.contains(*inode)) connections.push_back({file.fd, *inode});
    }
    return connections;
}

} // namespace gunicorn
