// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/ambient_exception.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "python/objects.h"
#include "python/stack.h"

namespace gunicorn {
namespace {

using python::Address;

constexpr std::array<std::string_view, 2> kWaiting{"sleep", "wait_for_signals"}; // of Arbiter: up to 23, since 24

// The thread of the program itself, which runs the Arbiter.
Result<std::optional<Address>> main_thread(const procfs::ProcFs& proc, pid_t pid,
                                           const python::Interpreter& interpreter, python::Memory& memory) {
    const auto status = proc.status(pid);
    if (!status || status->namespace_pids.empty()) return std::nullopt;
    TRY(const auto threads, python::threads_with_id(interpreter, memory, status->namespace_pids.back()));
    return threads.size() == 1 ? std::optional(threads.front()) : std::nullopt;
}

Result<bool> waits_for_signals(const python::Objects& objects, Address thread) {
    TRY(const auto frames, python::frames(objects, thread));
    if (frames.empty()) return false;
    TRY(const auto file, python::file_of(objects, frames.front()));
    TRY(const auto function, python::function_of(objects, frames.front()));
    return file.ends_with("gunicorn/arbiter.py") && std::ranges::find(kWaiting, function) != kWaiting.end();
}

} // namespace

Result<std::optional<Address>> ambient_exception(const procfs::ProcFs& proc, pid_t master,
                                                 const python::Interpreter& interpreter, python::Memory& memory) {
    const auto stat = proc.stat(master);
    if (!stat || stat->state != 'S') return std::nullopt;
    memory.forget();
    TRY(const auto thread, main_thread(proc, master, interpreter, memory));
    if (!thread) return std::nullopt;
    const python::Objects objects(memory, *interpreter.layout);
    TRY(const auto waits, waits_for_signals(objects, *thread));
    if (!waits) return std::nullopt;
    TRY(const auto exception, python::exc_info_value(objects, *thread));
    return exception;
}

} // namespace gunicorn
