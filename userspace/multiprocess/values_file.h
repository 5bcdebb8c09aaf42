// SPDX-License-Identifier: BSD-2-Clause
// The bytes of one of the client's files: which value has which key.
//
// 4 bytes: how many are in use; 4 of padding. Then for each value: 4 bytes, the length of the key; the key; 1 to 8
// blanks, up to a multiple of 8; the value, a double; since version 0.18 of the client a second double, when it was
// set. Nothing in the file tells the version, but the two exclude each other: in the one the first key's value is
// followed by the next key's length and ["…, in the other by a time. Numbers are little-endian.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "multiprocess/refusal.h"

namespace multiprocess {

struct Entry {
    std::string_view key; // JSON, if all is well; points into the file's bytes
    double value = 0;
    double timestamp = 0; // unix seconds; 0: not known
};

constexpr std::size_t kFileHead = 8;

// How many bytes are in use, by the first 4; nothing if that cannot be. 0: being made, or (client before 0.5) being
// written at this moment.
std::optional<std::size_t> used_bytes(std::span<const std::byte> head);

struct Values {
    std::vector<Entry> entries;
    bool with_timestamps = false;
};

// `bytes` are those in use, from the beginning of the file on.
std::variant<Values, FileRefusal> decode_values(std::span<const std::byte> bytes);

} // namespace multiprocess
