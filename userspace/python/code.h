// SPDX-License-Identifier: BSD-2-Clause
// What a code object says: which function of which file it is, and the lines of its instructions.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "python/line_table.h"
#include "python/memory.h"
#include "python/objects.h"
#include "python/stack.h"
#include "result.h"

namespace python {

// What tells a code object from another one at the same address later: all that it refers to.
struct CodeIdentity {
    Address type = 0;
    Address filename = 0;
    Address name = 0; // the qualified one where there is one
    Address lines = 0;
    Address bytecode = 0;
    Address copies = 0;     // where there are any
    std::int64_t bytes = 0; // of bytecode
    std::int32_t first_line = 0;
    bool operator==(const CodeIdentity&) const = default;
};

struct Code {
    CodeIdentity identity;
    std::string function; // qualified since 3.11: "Shop.pay"; else "pay"
    std::string file;     // as compiled, perhaps relative
    std::vector<std::byte> lines;
};

// Longer ones are refused: a function of a million instructions.
inline constexpr std::size_t kMaxLineTable = 1 << 20;
inline constexpr std::int64_t kMaxBytecode = 1 << 22;

// Errors: no code object, or one that cannot be.
Result<CodeIdentity> identify_code(const Objects& objects, Address code);
Result<Code> read_code(const Objects& objects, const CodeIdentity& identity);

// Which instruction `frame` is at, in units of two bytes; nothing while its first one is yet to come. Error: at none
// of this code.
Result<std::optional<std::size_t>> unit_of(const Objects& objects, const CodeIdentity& code, const Frame& frame);

// What is linked to a caller only while it runs: generators, coroutines, asynchronous generators.
Result<bool> is_generator(const Objects& objects, Address code);

// The line that `frame` is at; the function's first one where the instruction belongs to none. Errors: as above.
Result<int> line_of(const Objects& objects, const Code& code, const Frame& frame);

} // namespace python
