// SPDX-License-Identifier: BSD-2-Clause
// Dicts, and what stands for the __dict__ of an instance.
//
// A table of keys is an array of indices with the entries behind it. In a combined dict the entries hold the values;
// in a split one, which is how instances of a class share their keys, the values are in an array of their own.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <utility>

#include "python/objects.h"
#include "python/type_flags.h"

namespace python {
namespace {

constexpr std::uint8_t kMaxLog2IndexBytes = 24;

// Up to 3.10: the width of an index follows from their number.
std::uint64_t bytes_of_indices(std::uint64_t count) {
    if (count <= 0xff) return count;
    if (count <= 0xffff) return count * 2;
    if (count <= 0xffffffff) return count * 4;
    return count * 8;
}

} // namespace

Result<std::vector<Entry>> Objects::keys(Address keys) const {
    TRY(const auto used, memory_.value<std::int64_t>(keys + layout_.keys_used));
    TRY(const auto entries_at, first_entry(keys));
    TRY(const auto hashed, has_hashes(keys));
    if (used < 0 || std::cmp_greater(used, kMaxItems))
        return fail(fmt::format("dict's keys at {:#x}: {} of them", keys, used));

    const std::size_t words = hashed ? 3 : 2; // (hash, key, value), or the last two
    std::vector<Address> table(static_cast<std::size_t>(used) * words);
    TRY_VOID(memory_.read(entries_at, std::as_writable_bytes(std::span(table))));
    std::vector<Entry> entries;
    for (std::size_t at = words; at <= table.size(); at += words) entries.push_back({table[at - 2], table[at - 1]});
    return entries;
}

Result<Address> Objects::first_entry(Address keys) const {
    if (layout_.keys_size != kAbsent) {
        TRY(const auto size, memory_.value<std::uint64_t>(keys + layout_.keys_size));
        if (!std::has_single_bit(size) || size > kMaxItems * 2)
            return fail(fmt::format("dict's keys at {:#x}: {} indices", keys, size));
        return keys + layout_.keys_indices + bytes_of_indices(size);
    }
    TRY(const auto log2, memory_.value<std::uint8_t>(keys + layout_.keys_log2_index_bytes));
    if (log2 > kMaxLog2IndexBytes) return fail(fmt::format("dict's keys at {:#x}: 2^{} bytes of indices", keys, log2));
    return keys + layout_.keys_indices + (Address{1} << log2);
}

// Since 3.11, tables whose keys are all str have none.
Result<bool> Objects::has_hashes(Address keys) const {
    if (layout_.keys_kind == kAbsent) return true;
    constexpr std::uint8_t kLastKind = 2; // general, str, split
    TRY(const auto kind, memory_.value<std::uint8_t>(keys + layout_.keys_kind));
    if (kind > kLastKind) return fail(fmt::format("dict's keys at {:#x}: kind {}", keys, kind));
    return kind == 0;
}

Result<std::vector<Entry>> Objects::combined(Address table) const {
    auto all = keys(table);
    if (all) std::erase_if(*all, [](const Entry& entry) { return entry.key == 0 || entry.value == 0; }); // deleted
    return all;
}

Result<std::vector<Entry>> Objects::split(Address table, Address values) const {
    auto all = keys(table);
    if (!all) return all;
    std::vector<Address> array(all->size());
    TRY_VOID(memory_.read(values + layout_.values_items, std::as_writable_bytes(std::span(array))));
    for (std::size_t i = 0; i < array.size(); ++i) (*all)[i].value = array[i];
    std::erase_if(*all, [](const Entry& entry) { return entry.key == 0 || entry.value == 0; }); // not set
    return all;
}

Result<std::vector<Entry>> Objects::entries(Address dict) const {
    TRY_VOID(require(dict, kDictSubclass, "dict"));
    TRY(const auto table, memory_.pointer(dict + layout_.dict_keys));
    TRY(const auto values, memory_.pointer(dict + layout_.dict_values));
    return values == 0 ? combined(table) : split(table, values);
}

Result<std::vector<Entry>> Objects::attributes(Address instance) const {
    TRY(const auto type, type_of(instance));
    TRY(const auto flags, memory_.value<std::uint64_t>(type + layout_.type_flags));
    if (layout_.minor < 11 || (flags & kManagedDict) == 0) return unmanaged(instance, type);
    return managed(instance, type, flags);
}

Result<std::vector<Entry>> Objects::unmanaged(Address instance, Address type) const {
    TRY(const auto offset, memory_.value<std::int64_t>(type + layout_.type_dict_offset));
    // A negative one counts from the end of an object of variable size: derived from tuple or int.
    if (offset <= 0) return fail(fmt::format("object at {:#x}: has no __dict__ that can be read", instance));
    TRY(const auto dict, memory_.pointer(instance + static_cast<Address>(offset)));
    if (dict == 0) return std::vector<Entry>{};
    return entries(dict);
}

Result<std::vector<Entry>> Objects::managed(Address instance, Address type, std::uint64_t flags) const {
    TRY(const auto shared_keys, memory_.pointer(type + layout_.type_shared_keys));
    if (layout_.minor == 11) {
        TRY(const auto values, memory_.pointer(instance + static_cast<Address>(Layout::kManagedValues)));
        if (values != 0) return split(shared_keys, values);
    }
    TRY(const auto dict, memory_.pointer(instance + static_cast<Address>(layout_.managed_dict())));
    if (layout_.minor == 12 && (dict & 1) != 0) return split(shared_keys, dict + 1); // tagged: these are values
    if (dict != 0) return entries(dict);
    if (layout_.minor < 13 || (flags & kInlineValues) == 0) return std::vector<Entry>{};
    return in_place(instance, type);
}

// Values that follow the instance itself: u8 capacity, size, embedded, valid.
Result<std::vector<Entry>> Objects::in_place(Address instance, Address type) const {
    TRY(const auto size, memory_.value<std::int64_t>(type + layout_.type_instance_size));
    TRY(const auto shared_keys, memory_.pointer(type + layout_.type_shared_keys));
    const auto values = instance + static_cast<Address>(size);
    TRY(const auto head, memory_.value<std::array<std::uint8_t, 4>>(values));
    if (head[3] != 1) return fail(fmt::format("object at {:#x}: its attributes are being moved", instance));
    return split(shared_keys, values);
}

} // namespace python
