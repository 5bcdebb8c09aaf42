// SPDX-License-Identifier: BSD-2-Clause
// Reads the Python stacks of one process's threads while they run. The process is neither stopped nor signalled.
#pragma once

#include <sys/types.h>

#include <expected>
#include <map>

#include "procfs/procfs.h"
#include "python/interpreter.h"
#include "python/memory.h"
#include "python/objects.h"
#include "result.h"
#include "stacks/agreement.h"
#include "stacks/code_cache.h"
#include "stacks/stack.h"

namespace stacks {

// Deeper stacks are refused: half of one would be drawn as another function's.
inline constexpr std::size_t kMaxFrames = 1024;

class Reader {
public:
    // `proc` must outlive this. Errors: those of python::Memory::open() and python::find_interpreter().
    static Result<Reader> open(const procfs::ProcFs& proc, pid_t pid);

    // One sample of the thread `tid`, as `proc` counts. Takes some 60 µs, 90 µs of a thread that is busy
    // calling, and up to twice that where its frames come and go.
    std::expected<Sample, Rejection> sample(pid_t tid);

    const python::Interpreter& interpreter() const { return interpreter_; }

private:
    struct Thread {
        python::Address at; // its PyThreadState
        pid_t own_id;       // as its own PID namespace counts
    };
    struct Agreed {
        Look look;
        bool cut;
    };

    Reader(const procfs::ProcFs& proc, pid_t pid, python::Memory memory, python::Interpreter interpreter);

    std::expected<Thread, Rejection> thread(pid_t tid);
    std::expected<Thread, Rejection> find_thread(pid_t tid);
    bool may_be_outermost(const python::Frame& frame);
    std::expected<Look, Rejection> look(python::Address thread);
    std::expected<Agreed, Rejection> agreed(python::Address thread);
    std::expected<Stack, Rejection> stack_of(const Look& look);
    python::Objects objects() { return {memory_, *interpreter_.layout}; }

    const procfs::ProcFs& proc_;
    pid_t pid_;
    python::Memory memory_;
    python::Interpreter interpreter_;
    std::map<pid_t, Thread> threads_; // checked at each use
    python::Address outermost_ = 0;   // code that was seen to be no generator's in this sample; 0: none yet
    CodeCache codes_;
};

} // namespace stacks
