// SPDX-License-Identifier: BSD-2-Clause
// Parsing, name resolution, bind and listen.
#include "web/listening_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "descriptor.h"
#include "errno_text.h"

namespace web {
namespace {

struct HostPort {
    std::string host; // empty: every interface
    std::string port; // digits, 0-65535
};

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size();
}

std::optional<HostPort> parse(std::string_view address) {
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos || !is_port(address.substr(colon + 1))) return std::nullopt;
    std::string_view host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos) // "::1:9091" could be read in two ways
        return std::nullopt;
    return HostPort{std::string(host), std::string(address.substr(colon + 1))};
}

std::string reason(int error) {
    std::string text = errno_text(error);
    text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    return text;
}

std::unexpected<Error> cannot_listen(std::string_view address, std::string_view why) {
    return fail(fmt::format("listen on {}: {}", address, why));
}

std::string advice(int error) {
    if (error == EADDRINUSE) return reason(error) + " (choose another with --web.listen-address)";
    if (error == EACCES) return reason(error) + " (ports below 1024 need CAP_NET_BIND_SERVICE)";
    if (error == EADDRNOTAVAIL) return reason(error) + " (no interface of this host has it)";
    return reason(error);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// IPv6 first for "every interface": one socket then takes IPv4 as well.
Result<Addresses> resolve(const HostPort& where, std::string_view address) {
    addrinfo wanted{};
    wanted.ai_family = where.host.empty() ? AF_INET6 : AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const char* host = where.host.empty() ? nullptr : where.host.c_str();
    if (const int error = getaddrinfo(host, where.port.c_str(), &wanted, &found); error != 0)
        return cannot_listen(address, fmt::format("unknown host: {}", gai_strerror(error)));
    return Addresses(found, freeaddrinfo);
}

// An empty one if that fails, with the reason in errno.
Descriptor open_listening(int family, const sockaddr* address, socklen_t length) {
    Descriptor descriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!descriptor) return descriptor;
    const int on = 1;
    const int off = 0;
    setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) setsockopt(descriptor.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    constexpr int kBacklog = 128;
    if (bind(descriptor.get(), address, length) == 0 && listen(descriptor.get(), kBacklog) == 0) return descriptor;
    const int error = errno;
    descriptor.close();
    errno = error;
    return descriptor;
}

// A host without IPv6 still has interfaces.
Descriptor open_every_ipv4(const std::string& port) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
    return open_listening(AF_INET, reinterpret_cast<const sockaddr*>(&any), sizeof any);
}

} // namespace

Result<ListeningSocket> ListeningSocket::listen_on(std::string_view address) {
    const auto where = parse(address);
    if (!where)
        return cannot_listen(address, "not host:port (for example 127.0.0.1:9091, [::1]:9091, or :9091 for every "
                                      "interface)");
    TRY(const auto addresses, resolve(*where, address));
    const addrinfo& first = *addresses;
    auto descriptor = open_listening(first.ai_family, first.ai_addr, first.ai_addrlen);
    if (where->host.empty() && !descriptor && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        descriptor = open_every_ipv4(where->port);
    if (!descriptor) return cannot_listen(address, advice(errno));
    ListeningSocket socket(std::move(descriptor));
    if (!socket.read_bound_address()) return cannot_listen(address, reason(errno));
    return socket;
}

bool ListeningSocket::read_bound_address() {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (getsockname(descriptor_.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) return false;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bound.ss_family == AF_INET6) {
        const auto& address = reinterpret_cast<const sockaddr_in6&>(bound);
        port_ = ntohs(address.sin6_port);
        address_ = fmt::format("[{}]:{}", inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size()), port_);
    } else {
        const auto& address = reinterpret_cast<const sockaddr_in&>(bound);
        port_ = ntohs(address.sin_port);
        address_ = fmt::format("{}:{}", inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()), port_);
    }
    return true;
}

} // namespace web
