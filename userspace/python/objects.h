// SPDX-License-Identifier: BSD-2-Clause
// Python's objects in the memory of another process: what they are and what they hold. What does not look like the
// object that was asked for is an Error, so that garbage is never taken for a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "python/layout.h"
#include "python/memory.h"
#include "result.h"

namespace python {

// Larger ones are refused: what is looked for here is small.
inline constexpr std::size_t kMaxTextBytes = 4096; // code points
inline constexpr std::size_t kMaxItems = 1 << 16;
inline constexpr int kMaxInheritanceDepth = 32;

struct Entry {
    Address key;
    Address value;
};

class Objects {
public:
    // Both must outlive this.
    Objects(Memory& memory, const Layout& layout) : memory_{memory}, layout_{layout} {}

    const Layout& layout() const { return layout_; }
    Memory& memory() const { return memory_; }

    Result<Address> type_of(Address object) const;
    // "Worker", not "package.module.Worker".
    Result<std::string> name_of_type(Address type) const;
    // Whether the object is a class; None, for instance, is not.
    Result<bool> is_type(Address object) const;

    Result<std::string> text(Address string) const;                                 // a str, as UTF-8
    Result<std::vector<std::byte>> bytes(Address bytes, std::size_t longest) const; // of a bytes object
    Result<std::int64_t> integer(Address integer) const;
    Result<std::vector<Address>> items(Address sequence) const; // of a tuple or list

    // Of a dict of any kind, or of a class derived from dict; in its own order, unless its keys are shared.
    Result<std::vector<Entry>> entries(Address dict) const;
    // Of an instance's __dict__, or of what stands for it. Error: its class keeps none.
    Result<std::vector<Entry>> attributes(Address instance) const;

    // Nothing when there is no such key.
    Result<std::optional<Address>> item(Address dict, std::string_view key) const;
    // As Python looks it up, without descriptors: the instance's own, else of its class and that one's first bases.
    Result<std::optional<Address>> attribute(Address instance, std::string_view name) const;
    Result<std::optional<Address>> class_attribute(Address type, std::string_view name) const;

private:
    Result<std::uint64_t> flags_of(Address object) const; // of its type
    Result<void> require(Address object, std::uint64_t flag, std::string_view what) const;
    Result<std::optional<Address>> find(const std::vector<Entry>& entries, std::string_view key) const;

    // dicts.cpp
    Result<std::vector<Entry>> keys(Address keys) const; // with deleted ones
    Result<Address> first_entry(Address keys) const;
    Result<bool> has_hashes(Address keys) const;
    Result<std::vector<Entry>> combined(Address keys) const;
    Result<std::vector<Entry>> split(Address keys, Address values) const;
    Result<std::vector<Entry>> unmanaged(Address instance, Address type) const;
    Result<std::vector<Entry>> managed(Address instance, Address type, std::uint64_t flags) const;
    Result<std::vector<Entry>> in_place(Address instance, Address type) const;

    Memory& memory_;
    const Layout& layout_;
};

} // namespace python
