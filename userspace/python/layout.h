// SPDX-License-Identifier: BSD-2-Clause
// Where CPython keeps what, as offsets in bytes from the beginning of each structure. One layout a minor version and
// kind of build: the patch releases of a minor version agree in all fields listed here. For x86-64.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "result.h"

namespace python {

using Offset = std::uint16_t;
inline constexpr Offset kAbsent = 0xffff; // that version has no such field

struct Layout {
    int minor = 0;              // of Python 3
    bool free_threaded = false; // built without the global interpreter lock: headers of objects are 16 bytes longer

    Offset runtime_main_interpreter = kAbsent;
    Offset runtime_first_interpreter = kAbsent;
    Offset interpreter_first_thread = kAbsent;
    Offset thread_next = kAbsent;
    Offset thread_interpreter = kAbsent;
    Offset thread_id = kAbsent;              // pthread_self()
    Offset thread_frame = kAbsent;           // the frame; 3.11 and 3.12: a C frame
    Offset c_frame_frame = kAbsent;          // 3.11 and 3.12: its Python frame
    Offset thread_raised = kAbsent;          // the exception on its way up: an instance since 3.12, else a value
    Offset thread_raised_type = kAbsent;     // up to 3.11: its class
    Offset thread_exc_info = kAbsent;        // the innermost exception being handled, a stack item
    Offset thread_context = kAbsent;         // that of contextvars; null until a variable is set
    Offset exc_info_value = kAbsent;         // of a stack item
    Offset exc_info_previous_item = kAbsent; // of a stack item: the next outer one
    Offset exception_traceback = kAbsent;
    Offset frame_previous = kAbsent; // the caller
    Offset frame_code = kAbsent;     // tagged since 3.14
    Offset frame_globals = kAbsent;
    Offset frame_locals = kAbsent;        // array; tagged since 3.14
    Offset frame_owner = kAbsent;         // one byte
    Offset frame_instruction = kAbsent;   // up to 3.10 an int, which counts; since then an address; see place_in()
    Offset frame_bytecode_copy = kAbsent; // free-threaded, 3.14 on: which thread's copy of the bytecode it runs; an int
    Offset object_frame = kAbsent;        // of a frame object, since 3.11: its frame
    Offset code_filename = kAbsent;
    Offset code_name = kAbsent;
    Offset code_qualified_name = kAbsent;
    Offset code_local_names = kAbsent;
    Offset code_flags = kAbsent;           // an int
    Offset code_first_line = kAbsent;      // an int
    Offset code_lines = kAbsent;           // a bytes object; see line_table.h
    Offset code_bytecode = kAbsent;        // up to 3.10 a bytes object, since then in place
    Offset code_bytecode_copies = kAbsent; // free-threaded, 3.14 on: an array with its length in front
    Offset bytes_items = kAbsent;          // in place
    Offset object_type = kAbsent;
    Offset sequence_size = kAbsent; // of tuples and lists
    Offset type_name = kAbsent;
    Offset type_instance_size = kAbsent;
    Offset type_flags = kAbsent;
    Offset type_base = kAbsent;
    Offset type_dict = kAbsent;
    Offset type_dict_offset = kAbsent;
    Offset type_shared_keys = kAbsent;
    Offset tuple_items = kAbsent; // in place
    Offset list_items = kAbsent;  // a pointer to them
    Offset dict_keys = kAbsent;
    Offset dict_values = kAbsent;
    Offset keys_size = kAbsent; // up to 3.10: number of indices
    Offset keys_log2_index_bytes = kAbsent;
    Offset keys_kind = kAbsent;
    Offset keys_used = kAbsent;    // number of entries
    Offset keys_indices = kAbsent; // in place, entries behind them
    Offset values_items = kAbsent; // of the values of a split dict
    Offset int_size = kAbsent;
    Offset int_digits = kAbsent;
    Offset str_length = kAbsent;
    Offset str_state = kAbsent;
    Offset str_ascii_text = kAbsent;
    Offset str_other_text = kAbsent;
    Offset str_kind_bit = kAbsent; // in the state: the lowest of three bits; see text_of()

    // The lowest bits of a reference from a frame, which say who counts it.
    Offset reference_tags() const { return minor >= 14 ? 3 : 0; }

    // Managed attributes lie in front of their object (3.11 on).
    std::int64_t managed_dict() const { return free_threaded ? -8 : -24; }
    static constexpr std::int64_t kManagedValues = -32; // 3.11 only
};

// Kinds of build that are known, in the order of the columns of each Field.
struct Build {
    int minor;
    bool free_threaded;
};
inline constexpr std::array<Build, 11> kBuilds{{{8, false},
                                                {9, false},
                                                {10, false},
                                                {11, false},
                                                {12, false},
                                                {13, false},
                                                {14, false},
                                                {15, false},
                                                {13, true},
                                                {14, true},
                                                {15, true}}};
inline constexpr int kFirstSelfDescribed = 13; // since then the interpreter holds a table of offsets itself

struct Field {
    std::string_view name; // as the headers have it
    Offset Layout::* offset;
    std::array<Offset, kBuilds.size()> by_build;
    // Where _Py_DebugOffsets of 3.13, 3.14 and 3.15 says the same; 0: it does not.
    std::array<Offset, 3> described_at;
};
std::span<const Field> fields();

// Nothing for a version that is not known.
const Layout* layout_of(int minor, bool free_threaded);

// What an interpreter since 3.13 says of itself, in the first bytes of _PyRuntime.
inline constexpr std::size_t kDescriptionBytes = 768;
using Description = std::array<std::byte, kDescriptionBytes>;
inline constexpr Offset kDescribedVersionAt = 8;       // u64, as Py_Version
inline constexpr Offset kDescribedFreeThreadedAt = 16; // u64
bool begins_with_description(std::span<const std::byte> runtime);
std::uint64_t described(std::span<const std::byte, kDescriptionBytes> description, Offset at);

// Error: the interpreter says otherwise than the table, which field and what.
Result<void> agree(const Layout& layout, std::span<const std::byte, kDescriptionBytes> description);

} // namespace python
