// SPDX-License-Identifier: BSD-2-Clause
// An executable or shared library: where its symbols are once it is mapped.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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

    // Where in the file the bytes at an address of the file's are. Nothing when none of its segments has it.
    std::optional<std::uint64_t> offset_of(std::uint64_t address) const;
    // All of `into`, from that offset on. Error: the file ends before.
    Result<void> read(std::uint64_t offset, std::span<std::byte> into) const;

    // Which file it is, whatever its name.
    struct Identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        auto operator<=>(const Identity&) const = default;
    };
    Result<Identity> identity() const;

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
