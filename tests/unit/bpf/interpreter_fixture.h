// SPDX-License-Identifier: BSD-2-Clause
// A worker with an interpreter that is made up: one thread, and objects at offsets of their own, which the kernel side
// is told. What a test reads besides it adds.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "worker.h"

namespace bpf_test {

constexpr std::uint64_t kTuple = 1ull << 26;
constexpr std::uint64_t kBytes = 1ull << 27;
constexpr std::uint64_t kString = 1ull << 28;
constexpr std::uint64_t kDict = 1ull << 29;
constexpr std::uint64_t kException = 1ull << 30;
constexpr std::uint64_t kClass = 1ull << 31;
constexpr std::uint64_t kSelf = 4711;

struct Object {
    const void* type = nullptr; // Type
};
struct Type {
    const void* type = nullptr;
    std::uint64_t flags = 0;
    const char* name = "";
};
struct Text {
    const void* type = nullptr;
    std::uint64_t length = 0;
    std::uint64_t hash = 0;
    std::uint32_t state = 1 << (2 + 4) | 1 << (2 + 3) | 1 << 2; // ASCII, compact, of one byte each
    char characters[1024] = {};
};
struct Code {
    const Text* file = nullptr;
    const Text* name = nullptr;
};
struct Frame {
    const Frame* previous = nullptr;
    std::uint64_t code = 0; // reference()
    std::uint8_t owner = 0;
    std::array<std::uint64_t, 8> locals{}; // likewise
};
struct Number {
    const void* type = nullptr;
    std::uint32_t digit = 0;
};
struct Tuple {
    const void* type = nullptr;
    std::uint64_t size = 0;
    std::array<const void*, 3> items{};
};
struct Traceback {
    const void* type = nullptr;
    const Traceback* next = nullptr;
    const Frame* frame = nullptr;
};
struct Thread {
    std::uint64_t id = kSelf;
    const Thread* next = nullptr;
    const Frame* frame = nullptr;
    const void* context = nullptr;
    const void* handled = nullptr;
    const Object* raised = nullptr;
};

inline std::uint64_t reference(const void* address) { return reinterpret_cast<std::uint64_t>(address); }

inline std::string argument(const contract::record_logged& record, std::size_t index) {
    return {reinterpret_cast<const char*>(record.arguments[index]), record.argument_bytes[index]};
}

class InterpreterTest : public testing::Test {
protected:
    InterpreterTest() { kernel_set_thread(kSelf); }

    const Text* text(const std::string& characters) {
        auto& made = texts_.emplace_back();
        made.type = &string_;
        made.length = characters.size();
        characters.copy(made.characters, sizeof made.characters - 1);
        return &made;
    }
    Code code(const std::string& file, const std::string& name) { return {text(file), text(name)}; }

    Worker worker_;
    std::deque<Text> texts_;
    Type class_{&class_, kClass, "type"};
    Type string_{&class_, kString, "str"};
    Code main_ = code("/usr/bin/gunicorn", "<module>");
    Code bootstrap_ = code("/usr/lib/python3.11/threading.py", "_bootstrap");
    Thread thread_;
    const Thread* first_ = &thread_;
    contract::python layout_{.first_thread_at = reference(static_cast<const void*>(&first_)),
                             .thread_next = offsetof(Thread, next),
                             .thread_id = offsetof(Thread, id),
                             .thread_exc_info = offsetof(Thread, handled),
                             .exc_info_value = 0,
                             .exc_info_previous_item = 0,
                             .object_type = offsetof(Object, type),
                             .type_name = offsetof(Type, name),
                             .type_flags = offsetof(Type, flags),
                             .thread_frame = offsetof(Thread, frame),
                             .c_frame_frame = contract::OFFSET_ABSENT,
                             .thread_context = offsetof(Thread, context),
                             .frame_previous = offsetof(Frame, previous),
                             .frame_code = offsetof(Frame, code),
                             .frame_locals = offsetof(Frame, locals),
                             .frame_owner = contract::OFFSET_ABSENT,
                             .code_filename = offsetof(Code, file),
                             .code_name = offsetof(Code, name),
                             .str_length = offsetof(Text, length),
                             .str_state = offsetof(Text, state),
                             .str_ascii_text = offsetof(Text, characters),
                             .str_kind_bit = 2};
};

} // namespace bpf_test
