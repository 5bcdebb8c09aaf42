// SPDX-License-Identifier: BSD-2-Clause
// The threads of an interpreter and the Python functions that each is in.
#pragma once

#include <vector>

#include "python/interpreter.h"
#include "python/memory.h"
#include "python/objects.h"
#include "result.h"

namespace python {

// Beyond these the rest is left out: a process that is as large is not looked at for what lies deeper.
inline constexpr std::size_t kMostThreads = 256;
inline constexpr std::size_t kMostFrames = 256;

struct Frame {
    Address code = 0;
    Address globals = 0; // a dict
    Address locals = 0;  // an array, in which arguments come first
};

// Addresses of the PyThreadState of each thread of the main interpreter, the newest first.
Result<std::vector<Address>> threads(const Interpreter& interpreter, Memory& memory);

// Innermost first; frames that the interpreter keeps for itself are left out. Empty for a thread that runs no Python.
Result<std::vector<Frame>> frames(const Objects& objects, Address thread);

Result<std::string> file_of(const Objects& objects, const Frame& frame); // as compiled, perhaps relative

// The first argument; 0 when it is not bound any more.
Result<Address> first_local(const Objects& objects, const Frame& frame);

} // namespace python
