// SPDX-License-Identifier: BSD-2-Clause
// The kernel's tables of sockets.
#include "procfs/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <optional>

#include "procfs/fields.h"

namespace procfs {
namespace {

constexpr unsigned kTcpEstablished = 1; // include/net/tcp_states.h
constexpr unsigned kTcpListen = 10;

struct Endpoint {
    std::string address;
    std::uint16_t port;
};

// "0100007F:1F90": the address in 32-bit words as the machine stores them, the port as a number.
std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.find(':');
    if (colon != 8 && colon != 32) return std::nullopt;
    const auto port = number<std::uint16_t>(text.substr(colon + 1), 16);
    if (!port) return std::nullopt;

    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < colon / 8; ++i) {
        const auto word = number<std::uint32_t>(text.substr(i * 8, 8), 16);
        if (!word) return std::nullopt;
        words[i] = *word;
    }
    std::array<char, INET6_ADDRSTRLEN> printed{};
    inet_ntop(colon == 8 ? AF_INET : AF_INET6, words.data(), printed.data(), printed.size());
    return Endpoint{printed.data(), *port};
}

// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …
std::optional<TcpSocket> parse_tcp_line(std::string_view line) {
    skip_fields(line, 1);
    const auto local = next_field(line);
    const auto peer = next_field(line);
    // Most rows of a busy machine are neither (TIME_WAIT): look at the state before the addresses.
    const auto state = number<unsigned>(next_field(line), 16);
    if (state != kTcpEstablished && state != kTcpListen) return std::nullopt;

    const auto queues = next_field(line);
    const auto colon = queues.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    skip_fields(line, 4);
    const auto inode = number<std::uint64_t>(next_field(line));
    const auto waiting = number<std::uint32_t>(queues.substr(colon + 1), 16);
    const auto from = parse_endpoint(local);
    const auto to = parse_endpoint(peer);
    if (!inode || !waiting || !from || !to) return std::nullopt;
    return TcpSocket{from->address, from->port, to->address, to->port, state == kTcpListen, *waiting, *inode};
}

// Num RefCount Protocol Flags Type St Inode Path: the path may hold blanks.
std::optional<UnixSocket> parse_unix_line(std::string_view line) {
    skip_fields(line, 3);
    const auto flags = number<std::uint32_t>(next_field(line), 16);
    skip_fields(line, 1);
    const auto state = number<unsigned>(next_field(line), 16);
    const auto inode = number<std::uint64_t>(next_field(line));
    if (!flags || !state || !inode) return std::nullopt;
    return UnixSocket{line.empty() ? std::string{} : std::string{line.substr(1)}, *state, *flags, *inode};
}

template <typename Socket>
std::vector<Socket> parse(std::string_view table, std::optional<Socket> (*parse_line)(std::string_view)) {
    std::vector<Socket> sockets;
    next_line(table); // the heading
    while (!table.empty()) {
        if (auto socket = parse_line(next_line(table))) sockets.push_back(*std::move(socket));
    }
    return sockets;
}

} // namespace

std::vector<TcpSocket> parse_tcp(std::string_view table) { return parse<TcpSocket>(table, parse_tcp_line); }

std::vector<UnixSocket> parse_unix(std::string_view table) { return parse<UnixSocket>(table, parse_unix_line); }

} // namespace procfs
