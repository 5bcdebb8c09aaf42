// SPDX-License-Identifier: BSD-2-Clause
// A file descriptor that is closed with its owner.
#pragma once

#include <unistd.h>

#include <utility>

class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

    // The caller closes it from now on.
    int release() { return std::exchange(fd_, -1); }

    // For files whose last write may fail only now. False if it does, with the reason in errno.
    bool close() { return ::close(release()) == 0; }

private:
    int fd_;
};
