// SPDX-License-Identifier: BSD-2-Clause
// Threads and frames.
#include "python/stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace python {
namespace {

constexpr int kFirstOwnFrames = 12; // Python 3.12: where C calls Python, a frame of the interpreter lies between

Address untagged(const Layout& layout, Address reference) { return reference & ~Address{layout.reference_tags()}; }

Result<Address> innermost(const Objects& objects, Address thread) {
    const auto& layout = objects.layout();
    auto frame = objects.memory().pointer(thread + layout.thread_frame);
    if (!frame || *frame == 0 || layout.c_frame_frame == kAbsent) return frame;
    return objects.memory().pointer(*frame + layout.c_frame_frame);
}

// Frames of the interpreter itself have None, or another object, in place of the code.
Result<bool> is_code(const Objects& objects, Address object) {
    if (object == 0) return false;
    TRY(const auto type, objects.type_of(object));
    const auto name = objects.name_of_type(type);
    TRY_VOID(name); // not TRY(): GCC 12 takes the string for uninitialized
    return *name == "code";
}

// One of those that C code keeps on its own stack (FRAME_OWNED_BY_CSTACK, since 3.14 also FRAME_OWNED_BY_INTERPRETER).
Result<bool> is_of_interpreter(const Objects& objects, Address at) {
    constexpr std::uint8_t kFirstOwnedByC = 3;
    const auto& layout = objects.layout();
    if (layout.minor < kFirstOwnFrames) return false;
    TRY(const auto owner, objects.memory().value<std::uint8_t>(at + layout.frame_owner));
    return owner >= kFirstOwnedByC;
}

// An int up to 3.10, an address since then.
Result<std::uint64_t> read_instruction(const Objects& objects, Address at) {
    const auto& layout = objects.layout();
    if (layout.minor >= 11) return objects.memory().pointer(at + layout.frame_instruction);
    TRY(const auto last, objects.memory().value<std::int32_t>(at + layout.frame_instruction));
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(last));
}

Result<Frame> read_frame(const Objects& objects, Address at) {
    const auto& layout = objects.layout();
    auto& memory = objects.memory();
    Frame frame{.at = at, .locals = at + layout.frame_locals};
    for (const auto& [field, value] : {std::pair{layout.frame_code, &frame.code},
                                       {layout.frame_globals, &frame.globals},
                                       {layout.frame_previous, &frame.previous}}) {
        TRY(const auto pointer, memory.pointer(at + field));
        *value = pointer;
    }
    frame.code = untagged(layout, frame.code);
    TRY(const auto instruction, read_instruction(objects, at));
    frame.instruction = instruction;
    TRY(const auto of_interpreter, is_of_interpreter(objects, at));
    frame.of_interpreter = of_interpreter;
    if (layout.frame_bytecode_copy == kAbsent) return frame;
    TRY(const auto copy, memory.value<std::uint32_t>(at + layout.frame_bytecode_copy));
    frame.bytecode_copy = copy;
    return frame;
}

} // namespace

Result<std::vector<Address>> threads(const Interpreter& interpreter, Memory& memory) {
    std::vector<Address> found;
    auto thread = first_thread(interpreter, memory);
    while (thread && *thread != 0 && found.size() < kMaxThreads) {
        found.push_back(*thread);
        thread = memory.pointer(*thread + interpreter.layout->thread_next);
    }
    TRY_VOID(thread);
    return found;
}

// pthread_self(3) is the address of the C library's own structure, which begins with its address.
Result<bool> is_thread(const Interpreter& interpreter, Memory& memory, Address thread, pid_t id) {
    constexpr Address kTid[] = {720, 48}; // of struct pthread: glibc's, musl's
    TRY(const auto self, memory.pointer(thread + interpreter.layout->thread_id));
    TRY(const auto points_at_itself, memory.pointer(self));
    if (points_at_itself != self) return false;
    return std::ranges::any_of(kTid, [&](Address at) {
        const auto found = memory.value<std::int32_t>(self + at);
        return found && *found == id;
    });
}

Result<std::vector<Address>> threads_with_id(const Interpreter& interpreter, Memory& memory, pid_t id) {
    auto found = threads(interpreter, memory);
    if (!found) return found;
    std::erase_if(*found, [&](Address thread) { return !is_thread(interpreter, memory, thread, id).value_or(false); });
    return found;
}

Result<std::vector<Frame>> frames(const Objects& objects, Address thread) {
    const auto linked = linked_frames(objects, thread, kMaxFrames);
    if (!linked) return linked;
    std::vector<Frame> found;
    for (const auto& frame : *linked) {
        TRY(const bool runs_code, frame.of_interpreter ? Result<bool>{false} : is_code(objects, frame.code));
        if (runs_code) found.push_back(frame);
    }
    return found;
}

Result<std::vector<Frame>> linked_frames(const Objects& objects, Address thread, std::size_t most) {
    std::vector<Frame> found;
    auto at = innermost(objects, thread);
    while (at && *at != 0 && found.size() < most) {
        TRY(const auto frame, read_frame(objects, *at));
        found.push_back(frame);
        at = frame.previous;
    }
    TRY_VOID(at);
    return found;
}

// As bpf/python/thread_state.h does it for the thread that answers.
Result<Address> exc_info_value(const Objects& objects, Address thread) {
    constexpr int kMaxDepth = 32;
    const auto& layout = objects.layout();
    auto item = objects.memory().pointer(thread + layout.thread_exc_info);
    for (int i = 0; item && *item != 0 && i < kMaxDepth; ++i) {
        const auto exception = objects.memory().pointer(*item + layout.exc_info_value);
        if (!exception) return exception;
        if (*exception != 0) {
            TRY(const auto type, objects.type_of(*exception));
            TRY(const auto name, objects.name_of_type(type));
            if (name != "NoneType") return *exception; // None stands for "no exception" in some versions
        }
        item = objects.memory().pointer(*item + layout.exc_info_previous_item);
    }
    if (!item) return item;
    return 0;
}

Result<std::string> function_of(const Objects& objects, const Frame& frame) {
    TRY(const auto name, objects.memory().pointer(frame.code + objects.layout().code_name));
    return objects.text(name);
}

Result<std::string> file_of(const Objects& objects, const Frame& frame) {
    TRY(const auto name, objects.memory().pointer(frame.code + objects.layout().code_filename));
    return objects.text(name);
}

Result<Address> first_local(const Objects& objects, const Frame& frame) {
    TRY(const auto local, objects.memory().pointer(frame.locals));
    return untagged(objects.layout(), local);
}

} // namespace python
