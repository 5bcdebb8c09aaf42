// SPDX-License-Identifier: BSD-2-Clause
// Threads and frames.
#include "python/stack.h"

namespace python {
namespace {

// Since 3.14 the lowest bits of a reference from a frame say who counts it.
Address untagged(const Layout& layout, Address reference) {
    return layout.minor >= 14 ? reference & ~Address{3} : reference;
}

Result<Address> innermost(const Objects& objects, Address thread) {
    const auto& layout = objects.layout();
    auto frame = objects.memory().pointer(thread + layout.thread_frame);
    if (!frame || *frame == 0 || layout.c_frame_frame == kAbsent) return frame;
    return objects.memory().pointer(*frame + layout.c_frame_frame);
}

// Frames of the interpreter itself have None, or another object, in place of the code.
Result<bool> is_code(const Objects& objects, Address object) {
    if (object == 0) return false;
    const auto type = objects.type_of(object);
    if (!type) return std::unexpected(type.error());
    const auto name = objects.name_of_type(*type);
    if (!name) return std::unexpected(name.error());
    return *name == "code";
}

Result<Frame> read_frame(const Objects& objects, Address at) {
    const auto& layout = objects.layout();
    const auto code = objects.memory().pointer(at + layout.frame_code);
    if (!code) return std::unexpected(code.error());
    const auto globals = objects.memory().pointer(at + layout.frame_globals);
    if (!globals) return std::unexpected(globals.error());
    return Frame{untagged(layout, *code), *globals, at + layout.frame_locals};
}

} // namespace

Result<std::vector<Address>> threads(const Interpreter& interpreter, Memory& memory) {
    std::vector<Address> found;
    auto thread = first_thread(interpreter, memory);
    while (thread && *thread != 0 && found.size() < kMostThreads) {
        found.push_back(*thread);
        thread = memory.pointer(*thread + interpreter.layout->thread_next);
    }
    if (!thread) return std::unexpected(thread.error());
    return found;
}

Result<std::vector<Frame>> frames(const Objects& objects, Address thread) {
    std::vector<Frame> found;
    auto at = innermost(objects, thread);
    for (std::size_t depth = 0; at && *at != 0 && depth < kMostFrames; ++depth) {
        const auto frame = read_frame(objects, *at);
        if (!frame) return std::unexpected(frame.error());
        const auto runs_code = is_code(objects, frame->code);
        if (!runs_code) return std::unexpected(runs_code.error());
        if (*runs_code) found.push_back(*frame);
        at = objects.memory().pointer(*at + objects.layout().frame_previous);
    }
    if (!at) return std::unexpected(at.error());
    return found;
}

Result<std::string> file_of(const Objects& objects, const Frame& frame) {
    const auto name = objects.memory().pointer(frame.code + objects.layout().code_filename);
    if (!name) return std::unexpected(name.error());
    return objects.text(*name);
}

Result<Address> first_local(const Objects& objects, const Frame& frame) {
    const auto local = objects.memory().pointer(frame.locals);
    if (!local) return std::unexpected(local.error());
    return untagged(objects.layout(), *local);
}

} // namespace python
