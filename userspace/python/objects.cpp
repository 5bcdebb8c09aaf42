// SPDX-License-Identifier: BSD-2-Clause
// Types, strings, numbers, sequences and attributes.
#include "python/objects.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "python/type_flags.h"

namespace python {
namespace {

void append_utf8(std::string& text, std::uint32_t point) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xc0 | point >> 6);
        add(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        add(0xe0 | point >> 12);
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    } else {
        add(0xf0 | point >> 18);
        add(0x80 | (point >> 12 & 0x3f));
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    }
}

// Code points of `width` bytes each; surrogates and what is no code point become U+FFFD.
std::string utf8_of(std::span<const std::byte> points, std::size_t width) {
    std::string text;
    for (std::size_t at = 0; at + width <= points.size(); at += width) {
        std::uint32_t point = 0;
        std::memcpy(&point, points.data() + at, width);
        const bool odd = (point >= 0xd800 && point < 0xe000) || point > 0x10ffff;
        append_utf8(text, odd ? 0xfffd : point);
    }
    return text;
}

} // namespace

Result<Address> Objects::type_of(Address object) const {
    auto type = memory_.pointer(object + layout_.object_type);
    if (type && *type == 0) return fail(fmt::format("object at {:#x}: has no type", object));
    return type;
}

Result<std::uint64_t> Objects::flags_of(Address object) const {
    TRY(const auto type, type_of(object));
    return memory_.value<std::uint64_t>(type + layout_.type_flags);
}

Result<void> Objects::require(Address object, std::uint64_t flag, std::string_view what) const {
    TRY(const auto flags, flags_of(object));
    if ((flags & flag) == 0) return fail(fmt::format("object at {:#x}: no {}", object, what));
    return {};
}

Result<std::string> Objects::name_of_type(Address type) const {
    TRY(const auto name, memory_.pointer(type + layout_.type_name));
    auto text = memory_.c_string(name);
    if (!text) return text;
    return text->substr(text->rfind('.') + 1); // C's types carry their module's name
}

Result<bool> Objects::is_type(Address object) const {
    TRY(const auto flags, flags_of(object));
    return (flags & kTypeSubclass) != 0;
}

Result<std::string> Objects::text(Address string) const {
    TRY_VOID(require(string, kStrSubclass, "str"));
    TRY(const auto length, memory_.value<std::int64_t>(string + layout_.str_length));
    TRY(const auto state, memory_.value<std::uint32_t>(string + layout_.str_state));

    // struct { interned; kind:3; compact:1; ascii:1; … }
    const auto from_kind = state >> layout_.str_kind_bit;
    const std::size_t width = from_kind & 7;
    const bool compact = (from_kind >> 3 & 1) != 0;
    const bool ascii = (from_kind >> 4 & 1) != 0;
    const bool valid = compact && (width == 1 || (!ascii && (width == 2 || width == 4)));
    if (!valid || length < 0 || std::cmp_greater(length, kMaxTextBytes))
        return fail(fmt::format("str at {:#x}: length {}, state {:#x}", string, length, state));
    std::vector<std::byte> points(static_cast<std::size_t>(length) * width);
    const auto begin = string + (ascii ? layout_.str_ascii_text : layout_.str_other_text);
    TRY_VOID(memory_.read(begin, points));
    return utf8_of(points, width);
}

Result<std::vector<std::byte>> Objects::bytes(Address bytes, std::size_t longest) const {
    TRY_VOID(require(bytes, kBytesSubclass, "bytes"));
    TRY(const auto size, memory_.value<std::int64_t>(bytes + layout_.sequence_size));
    if (size < 0 || std::cmp_greater(size, longest))
        return fail(fmt::format("bytes at {:#x}: {} of them", bytes, size));
    std::vector<std::byte> items(static_cast<std::size_t>(size));
    TRY_VOID(memory_.read(bytes + layout_.bytes_items, items));
    return items;
}

Result<std::int64_t> Objects::integer(Address integer) const {
    constexpr int kDigitBits = 30;
    TRY_VOID(require(integer, kIntSubclass, "int"));
    TRY(const auto size, memory_.value<std::int64_t>(integer + layout_.int_size));
    // Up to 3.11 the sign is that of the number of digits; since then its lowest two bits are: 0 +, 1 zero, 2 -.
    const bool tagged = layout_.minor >= 12;
    const bool negative = tagged ? (size & 3) == 2 : size < 0;
    const auto digits = tagged ? size >> 3 : (size < 0 ? -size : size);
    if (digits < 0 || digits > 2) return fail(fmt::format("int at {:#x}: {} digits of 30 bits", integer, digits));
    std::int64_t value = 0;
    for (std::int64_t i = 0; i < digits; ++i) {
        TRY(const auto digit, memory_.value<std::uint32_t>(integer + layout_.int_digits + 4 * static_cast<Address>(i)));
        if (digit >> kDigitBits != 0) return fail(fmt::format("int at {:#x}: digit {:#x}", integer, digit));
        value |= static_cast<std::int64_t>(digit) << (kDigitBits * i);
    }
    if (tagged && (size & 3) == 1) value = 0; // small numbers keep a digit of 0
    return negative ? -value : value;
}

Result<std::vector<Address>> Objects::items(Address sequence) const {
    TRY(const auto flags, flags_of(sequence));
    const bool tuple = (flags & kTupleSubclass) != 0;
    if (!tuple && (flags & kListSubclass) == 0)
        return fail(fmt::format("object at {:#x}: neither tuple nor list", sequence));
    TRY(const auto size, memory_.value<std::int64_t>(sequence + layout_.sequence_size));
    if (size < 0 || std::cmp_greater(size, kMaxItems))
        return fail(fmt::format("sequence at {:#x}: {} items", sequence, size));
    TRY(const Address begin,
        tuple ? Result<Address>{sequence + layout_.tuple_items} : memory_.pointer(sequence + layout_.list_items));
    std::vector<Address> items(static_cast<std::size_t>(size));
    TRY_VOID(memory_.read(begin, std::as_writable_bytes(std::span(items))));
    return items;
}

Result<std::optional<Address>> Objects::find(const std::vector<Entry>& entries, std::string_view key) const {
    for (const auto& entry : entries) {
        TRY(const auto is_text, flags_of(entry.key));
        if ((is_text & kStrSubclass) == 0) continue;
        TRY(const auto name, text(entry.key));
        if (name == key) return entry.value;
    }
    return std::nullopt;
}

Result<std::optional<Address>> Objects::item(Address dict, std::string_view key) const {
    TRY(const auto all, entries(dict));
    return find(all, key);
}

Result<std::optional<Address>> Objects::attribute(Address instance, std::string_view name) const {
    TRY(const auto own, attributes(instance));
    auto found = find(own, name);
    if (!found || *found) return found;
    TRY(const auto type, type_of(instance));
    return class_attribute(type, name);
}

Result<std::optional<Address>> Objects::class_attribute(Address type, std::string_view name) const {
    for (int depth = 0; type != 0 && depth < kMaxInheritanceDepth; ++depth) {
        TRY(const auto dict, memory_.pointer(type + layout_.type_dict));
        if (dict != 0) { // since 3.12 built-in types keep theirs elsewhere
            auto found = item(dict, name);
            if (!found || *found) return found;
        }
        TRY(const auto base, memory_.pointer(type + layout_.type_base));
        type = base;
    }
    return std::nullopt;
}

} // namespace python
