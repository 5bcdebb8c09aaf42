// SPDX-License-Identifier: BSD-2-Clause
// The network's side of a test: a listening socket, and clients of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kernel_test {

std::uint64_t inode_of(int fd);

// Listens on a free port of 127.0.0.1, or on an abstract unix address.
class Listener {
public:
    enum class Family { tcp, unix_stream };

    explicit Listener(Family family = Family::tcp);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    int fd() const { return fd_; }
    std::uint64_t inode() const { return inode_of(fd_); }
    int connect() const; // a connected descriptor

private:
    int fd_ = -1;
};

class Client {
public:
    explicit Client(const Listener& listener) : fd_(listener.connect()) {}
    ~Client() { close(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view bytes) const;
    std::string receive(std::size_t bytes) const; // fewer when the stream ends
    std::string receive_all() const;              // until the server closes
    void finish_sending() const;                  // half-close
    void reset();                                 // closes with a reset
    void close();

private:
    int fd_;
};

} // namespace kernel_test
