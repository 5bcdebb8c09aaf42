// SPDX-License-Identifier: BSD-2-Clause
// The threads of an interpreter and the Python functions that each is in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "python/interpreter.h"
#include "python/memory.h"
#include "python/objects.h"
#include "result.h"

namespace python {

// Beyond these the rest is left out: a process that is as large is not looked at for what lies deeper.
inline constexpr std::size_t kMaxThreads = 256;
inline constexpr std::size_t kMaxFrames = 256;

struct Frame {
    Address at = 0;
    Address previous = 0; // the caller's; 0: it is the outermost
    Address code = 0;
    Address globals = 0;             // a dict
    Address locals = 0;              // an array, in which arguments come first
    std::uint64_t instruction = 0;   // the present one, as that version counts; see code.h
    std::uint32_t bytecode_copy = 0; // free-threaded, 3.14 on
    bool of_interpreter = false;     // kept by the interpreter for itself between the frames of functions
    bool operator==(const Frame&) const = default;
};

// Addresses of the PyThreadState of each thread of the main interpreter, the newest first.
Result<std::vector<Address>> threads(const Interpreter& interpreter, Memory& memory);

// Whether `thread` is the one whose id is `id`, as its own PID namespace counts: by what the C library keeps of it,
// since Python's own note is the parent's after fork() in some releases. False too where the C library is not known.
Result<bool> is_thread(const Interpreter& interpreter, Memory& memory, Address thread, pid_t id);

// Those of threads() for which is_thread() is true: one, unless the thread runs no Python or the list is changing.
Result<std::vector<Address>> threads_with_id(const Interpreter& interpreter, Memory& memory, pid_t id);

// Innermost first; frames that the interpreter keeps for itself are left out. Empty for a thread that runs no Python.
Result<std::vector<Frame>> frames(const Objects& objects, Address thread);

// Those that are linked, innermost first, the interpreter's own too; not more than `most`: then the last one's
// `previous` is not 0.
Result<std::vector<Frame>> linked_frames(const Objects& objects, Address thread, std::size_t most);

// The exception that the thread is handling, the innermost of them; 0: none.
Result<Address> exc_info_value(const Objects& objects, Address thread);

Result<std::string> function_of(const Objects& objects, const Frame& frame); // not qualified
Result<std::string> file_of(const Objects& objects, const Frame& frame);     // as compiled, perhaps relative

// The first argument; 0 when it is not bound any more.
Result<Address> first_local(const Objects& objects, const Frame& frame);

} // namespace python
