// SPDX-License-Identifier: BSD-2-Clause
#include "event/decode_breakdown.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace event {

namespace {

std::chrono::nanoseconds nanoseconds_of(contract::u64 count) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(count));
}

// A path is any bytes.
std::string printable(std::string_view bytes) {
    std::string text;
    for (const char each : bytes) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte > ' ' && byte < 0x7f)
            text += each;
        else
            text += fmt::format("%{:02X}", byte);
    }
    return text;
}

std::string name_of_unix(const contract::peer& peer) {
    if (peer.address_bytes == 0) return "unix";
    const auto kept = std::min<std::size_t>(peer.address_bytes, sizeof peer.address);
    std::string_view bytes(reinterpret_cast<const char*>(peer.address), kept);
    const bool is_abstract = bytes.front() == '\0';
    if (is_abstract)
        bytes.remove_prefix(1);
    else
        bytes = bytes.substr(0, bytes.find('\0'));
    const bool is_cut = peer.address_bytes > kept && bytes.size() + is_abstract == kept;
    return fmt::format("{}{}{}", is_abstract ? "@" : "", printable(bytes), is_cut ? "..." : "");
}

// A socket that listens, or receives datagrams from anybody.
bool is_nobody(const contract::peer& peer) {
    return peer.port == 0 && std::ranges::all_of(peer.address, [](auto byte) { return byte == 0; });
}

std::string name_of_internet(const contract::peer& peer) {
    if (is_nobody(peer)) return "unconnected";
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (peer.family == AF_INET) {
        inet_ntop(AF_INET, peer.address, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), peer.port);
    }
    in6_addr address{};
    std::copy_n(std::begin(peer.address), sizeof address, reinterpret_cast<contract::u8*>(&address));
    if (IN6_IS_ADDR_V4MAPPED(&address)) { // a socket of both families
        inet_ntop(AF_INET, peer.address + 12, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), peer.port);
    }
    inet_ntop(AF_INET6, &address, text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), peer.port);
}

std::string name_of(const contract::peer& peer) {
    switch (peer.family) {
    case contract::PEER_IS_POLL:
        return "poll";
    case contract::PEER_IS_OVERFLOW:
        return "others";
    case AF_UNIX:
        return name_of_unix(peer);
    case AF_INET:
    case AF_INET6:
        return name_of_internet(peer);
    default:
        return fmt::format("socket of family {}", peer.family);
    }
}

std::vector<PeerWait> peers_of(const contract::breakdown& raw) {
    std::vector<PeerWait> peers;
    for (const auto& peer : raw.peers) {
        if (peer.waited_ns == 0) continue;
        const auto name = name_of(peer);
        const auto same = std::ranges::find(peers, name, &PeerWait::peer); // two unix listeners of one path
        if (same == peers.end())
            peers.push_back({name, nanoseconds_of(peer.waited_ns)});
        else
            same->waited += nanoseconds_of(peer.waited_ns);
    }
    std::ranges::stable_sort(peers, std::greater{}, &PeerWait::waited);
    return peers;
}

Parts parts_of(const contract::breakdown& raw, std::chrono::nanoseconds duration) {
    const auto& spent = raw.spent_ns;
    const auto collected = std::min(raw.gc_ns, spent[contract::TIME_ON_CPU]);
    Parts parts{.on_cpu = nanoseconds_of(spent[contract::TIME_ON_CPU] - collected),
                .gc = nanoseconds_of(collected),
                .run_queue = nanoseconds_of(spent[contract::TIME_RUN_QUEUE]),
                .lock = nanoseconds_of(spent[contract::TIME_LOCK]),
                .sockets = nanoseconds_of(spent[contract::TIME_SOCKET]),
                .disk = nanoseconds_of(spent[contract::TIME_DISK]),
                .sleeping = nanoseconds_of(spent[contract::TIME_SLEEP]),
                .reading = nanoseconds_of(spent[contract::TIME_READING]),
                .writing = nanoseconds_of(spent[contract::TIME_WRITING]),
                .other = nanoseconds_of(spent[contract::TIME_OTHER])};
    const auto known = parts.total();
    if (duration > known) parts.other += duration - known;
    // A thread that ends is on a processor until after the moment that counts as its end.
    if (known > duration) parts.on_cpu -= std::min(parts.on_cpu, known - duration);
    return parts;
}

} // namespace

Breakdown breakdown_of(const contract::breakdown& raw, std::chrono::nanoseconds duration) {
    Breakdown time;
    if (!(raw.flags & contract::BREAKDOWN_KNOWN)) return time;
    if (raw.flags & contract::BREAKDOWN_ACCEPT_KNOWN) time.accept_queue = nanoseconds_of(raw.accept_ns);
    time.thread_queue = nanoseconds_of(raw.unread_ns);
    time.parts = parts_of(raw, duration);
    time.peers = peers_of(raw);
    time.thread = raw.thread;
    time.moved = (raw.flags & contract::BREAKDOWN_MOVED) != 0;
    time.interleaved = (raw.flags & contract::BREAKDOWN_INTERLEAVED) != 0;
    return time;
}

} // namespace event
