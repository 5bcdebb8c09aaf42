// SPDX-License-Identifier: BSD-2-Clause
// What a code object says.
#include "python/code.h"

#include <fmt/format.h>

#include <utility>

namespace python {
namespace {

constexpr int kFirstInPlace = 11; // Python 3.11: bytecode lies within the code object, and frames have its addresses
constexpr int kFirstCountingUnits = 10;

// How long the bytecode is, and where it begins.
Result<void> read_bytecode(const Objects& objects, Address code, CodeIdentity& identity) {
    const auto& layout = objects.layout();
    auto& memory = objects.memory();
    const bool in_place = layout.minor >= kFirstInPlace;
    TRY(const Address bytecode,
        in_place ? Result<Address>{code + layout.code_bytecode} : memory.pointer(code + layout.code_bytecode));
    TRY(const auto size, memory.value<std::int64_t>((in_place ? code : bytecode) + layout.sequence_size));
    if (size <= 0 || size > kMaxBytecode) return fail(fmt::format("code at {:#x}: {} instructions", code, size));
    identity.bytecode = bytecode;
    identity.bytes = in_place ? size * kUnitBytes : size;
    if (layout.code_bytecode_copies == kAbsent) return {};
    TRY(const auto copies, memory.pointer(code + layout.code_bytecode_copies));
    identity.copies = copies;
    return {};
}

// Since 3.14 each thread of a free-threaded build may run a copy of its own; the first one is the code's.
Result<Address> bytecode_of(const Objects& objects, const CodeIdentity& code, const Frame& frame) {
    if (frame.bytecode_copy == 0) return code.bytecode;
    TRY(const auto count, objects.memory().value<std::int64_t>(code.copies));
    if (std::cmp_greater_equal(frame.bytecode_copy, count))
        return fail(fmt::format("frame at {:#x}: copy {} of {} of its bytecode", frame.at, frame.bytecode_copy, count));
    return objects.memory().pointer(code.copies + 8 + 8 * Address{frame.bytecode_copy});
}

// Bytes from the first instruction; below 0 when none has begun.
Result<std::int64_t> place_of(const Objects& objects, const CodeIdentity& code, const Frame& frame) {
    const auto minor = objects.layout().minor;
    if (minor < kFirstInPlace) {
        const auto last = std::int64_t{static_cast<std::int32_t>(frame.instruction)};
        return minor >= kFirstCountingUnits ? last * kUnitBytes : last;
    }
    TRY(const auto begin, bytecode_of(objects, code, frame));
    return static_cast<std::int64_t>(frame.instruction - begin);
}

} // namespace

Result<bool> is_generator(const Objects& objects, Address code) {
    // CO_GENERATOR, CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR: Include/cpython/code.h, 3.8 to 3.15
    constexpr std::int32_t kGenerators = 0x20 | 0x80 | 0x100 | 0x200;
    TRY(const auto flags, objects.memory().value<std::int32_t>(code + objects.layout().code_flags));
    return (flags & kGenerators) != 0;
}

Result<CodeIdentity> identify_code(const Objects& objects, Address code) {
    const auto& layout = objects.layout();
    auto& memory = objects.memory();
    CodeIdentity identity;
    const auto name = layout.code_qualified_name == kAbsent ? layout.code_name : layout.code_qualified_name;
    for (const auto& [at, value] : {std::pair{layout.object_type, &identity.type},
                                    {layout.code_filename, &identity.filename},
                                    {name, &identity.name},
                                    {layout.code_lines, &identity.lines}}) {
        TRY(const auto pointer, memory.pointer(code + at));
        *value = pointer;
    }
    TRY(const auto first_line, memory.value<std::int32_t>(code + layout.code_first_line));
    identity.first_line = first_line;
    TRY_VOID(read_bytecode(objects, code, identity));
    return identity;
}

Result<Code> read_code(const Objects& objects, const CodeIdentity& identity) {
    TRY(const auto type, objects.name_of_type(identity.type));
    if (type != "code") return fail(fmt::format("a frame runs an object of type {}", type));
    TRY(auto function, objects.text(identity.name));
    TRY(auto file, objects.text(identity.filename));
    TRY(auto lines, objects.bytes(identity.lines, kMaxLineTable));
    return Code{identity, std::move(function), std::move(file), std::move(lines)};
}

Result<std::optional<std::size_t>> unit_of(const Objects& objects, const CodeIdentity& code, const Frame& frame) {
    TRY(const auto place, place_of(objects, code, frame));
    // Before its first instruction a frame is one unit, or one byte, in front of it.
    if (place == -1 || place == -kUnitBytes) return std::nullopt;
    if (place < 0 || place >= code.bytes || place % kUnitBytes != 0)
        return fail(fmt::format("frame at {:#x}: at byte {} of {} of its code", frame.at, place, code.bytes));
    return static_cast<std::size_t>(place / kUnitBytes);
}

Result<int> line_of(const Objects& objects, const Code& code, const Frame& frame) {
    TRY(const auto unit, unit_of(objects, code.identity, frame));
    if (!unit) return code.identity.first_line;
    TRY(const auto line, line_at(line_format_of(objects.layout().minor), code.lines, code.identity.first_line, *unit));
    const int found = line.value_or(0);
    if (found < 0) return fail(fmt::format("{} in {}: line {}", code.function, code.file, found));
    return found == 0 ? code.identity.first_line : found; // 0: what a module does before its first line
}

} // namespace python
