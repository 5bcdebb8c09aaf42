// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/values_file.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace multiprocess {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kLength = 4;          // of the number before a key
constexpr std::size_t kMaxKeyBytes = 65536; // labels and help text of one series

template <typename Number> Number number_at(std::span<const std::byte> bytes, std::size_t at) {
    Number number;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

// A key's text, if one of the client's can begin there: an array whose first element is a string.
std::string_view key_at(std::span<const std::byte> bytes, std::size_t at) {
    if (bytes.size() - at < kLength) return {};
    const auto length = number_at<std::uint32_t>(bytes, at);
    if (length > kMaxKeyBytes || length > bytes.size() - at - kLength) return {};
    const std::string_view key(reinterpret_cast<const char*>(bytes.data()) + at + kLength, length);
    return key.starts_with("[\"") && key.ends_with(']') ? key : std::string_view{};
}

// From the number before a key to its value.
std::size_t distance_to_value(std::string_view key) { return key.size() + kLength + (8 - (key.size() + kLength) % 8); }

// By what follows the first value.
bool has_timestamps(std::span<const std::byte> bytes, std::size_t after_first) {
    return after_first != bytes.size() && key_at(bytes, after_first).empty();
}

} // namespace

std::optional<std::size_t> used_bytes(std::span<const std::byte> head) {
    if (head.size() < kLength) return std::nullopt;
    const auto used = number_at<std::int32_t>(head, 0);
    if (used < 0 || used % 8 != 0) return std::nullopt;
    return static_cast<std::size_t>(used);
}

std::variant<Values, FileRefusal> decode_values(std::span<const std::byte> bytes) {
    Values values;
    std::size_t value_bytes = sizeof(double);
    for (std::size_t at = kFileHead; at < bytes.size();) {
        const auto key = key_at(bytes, at);
        if (key.empty()) return FileRefusal::malformed;
        at += distance_to_value(key);
        if (at > bytes.size() || bytes.size() - at < sizeof(double)) return FileRefusal::malformed;
        if (values.entries.empty()) {
            values.with_timestamps = has_timestamps(bytes, at + sizeof(double));
            if (values.with_timestamps) value_bytes = 2 * sizeof(double);
        }
        if (bytes.size() - at < value_bytes) return FileRefusal::malformed;
        values.entries.push_back({key, number_at<double>(bytes, at),
                                  values.with_timestamps ? number_at<double>(bytes, at + sizeof(double)) : 0});
        at += value_bytes;
    }
    return values;
}

} // namespace multiprocess
