// SPDX-License-Identifier: BSD-2-Clause
#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace kernel_test {

std::uint64_t inode_of(int fd) {
    struct stat status{};
    if (fstat(fd, &status)) abort();
    return status.st_ino;
}

Listener::Listener(Family family) {
    const bool tcp = family == Family::tcp;
    fd_ = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Of the address, only the family: the kernel chooses a port, or an abstract name.
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const sockaddr_un unnamed{.sun_family = AF_UNIX, .sun_path = {}};
    const int bound = tcp ? bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address)
                          : bind(fd_, reinterpret_cast<const sockaddr*>(&unnamed), sizeof unnamed.sun_family);
    if (fd_ < 0 || bound || listen(fd_, 64)) abort();
}

Listener::~Listener() { close(fd_); }

int Listener::connect() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size)) abort();
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size)) abort();
    return fd;
}

void Client::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string Client::receive(std::size_t bytes) const {
    std::string all;
    char buffer[65536];
    while (all.size() < bytes) {
        const auto got = recv(fd_, buffer, std::min(sizeof buffer, bytes - all.size()), 0);
        if (got <= 0) break;
        all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
}

std::string Client::receive_all() const { return receive(SIZE_MAX); }

void Client::finish_sending() const { shutdown(fd_, SHUT_WR); }

void Client::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void Client::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

} // namespace kernel_test
