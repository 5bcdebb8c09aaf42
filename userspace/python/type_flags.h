// SPDX-License-Identifier: BSD-2-Clause
// Bits of PyTypeObject.tp_flags; the same in every version that has them.
#pragma once

#include <cstdint>

namespace python {

inline constexpr std::uint64_t kInlineValues = 1U << 2; // 3.13 on
inline constexpr std::uint64_t kManagedDict = 1U << 4;  // 3.11 on
inline constexpr std::uint64_t kIntSubclass = 1U << 24;
inline constexpr std::uint64_t kListSubclass = 1U << 25;
inline constexpr std::uint64_t kTupleSubclass = 1U << 26;
inline constexpr std::uint64_t kBytesSubclass = 1U << 27;
inline constexpr std::uint64_t kStrSubclass = 1U << 28;
inline constexpr std::uint64_t kDictSubclass = 1U << 29;
inline constexpr std::uint64_t kTypeSubclass = 1U << 31;

} // namespace python
