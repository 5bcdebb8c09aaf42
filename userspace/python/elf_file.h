// SPDX-License-Identifier: BSD-2-Clause
// An executable or shared library: where its symbols are once it is mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "result.h"

struct Elf;

namespace python {

class ElfFile {
public:
    // Errors: not readable, not a regular file, not ELF for x86-64.
    static Result<ElfFile> open(const std::string& path);

    // What to add to the file's addresses when the part at `offset` is mapped at `start`. Nothing when no segment
    // begins there.
    std::optional<std::uint64_t> bias(std::uint64_t start, std::uint64_t offset) const;

    // Address of a data symbol: dynamic ones first, which stripping leaves.
    std::optional<std::uint64_t> symbol(std::string_view name) const;
    std::optional<std::uint64_t> section(std::string_view name) const;

private:
    struct Close {
        void operator()(Elf* elf) const;
    };
    class Descriptor {
    public:
        explicit Descriptor(int fd) : fd_{fd} {}
        Descriptor(Descriptor&& other) noexcept;
        Descriptor& operator=(Descriptor&&) = delete;
        ~Descriptor();
        int get() const { return fd_; }

    private:
        int fd_;
    };

    ElfFile(Descriptor fd, std::unique_ptr<Elf, Close> elf) : fd_{std::move(fd)}, elf_{std::move(elf)} {}

    Descriptor fd_; // libelf reads from it until elf_ is gone
    std::unique_ptr<Elf, Close> elf_;
};

} // namespace python
