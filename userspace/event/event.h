// SPDX-License-Identifier: BSD-2-Clause
// What the kernel reported, decoded. Nothing after this header knows BPF.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "event/breakdown.h"

namespace event {

// An index of the kernel's process table; 0 is "not observed" (contract.h, slot_t).
using Slot = std::uint32_t;

// Nanoseconds of CLOCK_MONOTONIC.
using KernelTime = std::chrono::duration<std::int64_t, std::nano>;

struct Forked {
    Slot slot;
    pid_t pid;
    Slot parent_slot;
    pid_t parent_pid;
    KernelTime at;
};

struct Executed {
    Slot slot;
    pid_t pid;
    KernelTime at;
};

struct Exited {
    Slot slot;
    pid_t pid;
    int wait_status; // as wait(2): status << 8 | signal, 0x80 for a core dump
    KernelTime at;
    bool served = false; // it had accepted connections of its master's; not in the record, see Observer
};

struct Signalled {
    Slot slot;
    pid_t pid; // the process the signal is for
    int signal;
    int code;     // si_code
    bool applied; // neither ignored nor already pending
    pid_t sender;
    KernelTime at;
};

// The out-of-memory killer chose the process. Its SIGKILL was reported before.
struct OutOfMemory {
    Slot slot;
    pid_t pid;
    KernelTime at;
};

struct Listening {
    Slot slot;
    pid_t pid;
    std::uint64_t socket_inode;
    KernelTime at;
};

// Who ran Python code at a moment (contract.h, struct exec_context).
struct Execution {
    std::uint32_t thread = 0; // 0: nobody looked
    bool is_main_module = false;
    std::uint64_t outermost_frame = 0; // 0: not found
    std::uint64_t context = 0;         // 0: none
};

// Whose code raised an exception, by its traceback. An error of the client's own socket is raised in the server's.
enum class RaisedIn { not_known, server, application };

// A worker's code logged an exception, at level ERROR or above. Texts are raw bytes, perhaps cut, and empty where they
// could not be read.
struct Logged {
    Slot slot;
    pid_t pid;
    Execution by;
    std::uint64_t in_flight; // requests of the worker at that moment
    std::string exception;   // its type
    std::string logger;
    std::array<std::string, 2> arguments; // of the message, those that are strings, as UTF-8
    std::array<bool, 2> cut{};            // that many bytes of them are kept, and no more
    bool of_scope;                        // `arguments` are path and method of the request that an ASGI server served
    RaisedIn raised_in = RaisedIn::not_known;
    bool to_server = false; // the server caught it, and not the application
    KernelTime at;
};

struct Responded {
    Slot slot;
    pid_t pid;
    int status;                // 100-999, 0 when unreadable
    std::string request_line;  // raw bytes, without the line's end; empty when none was read
    bool request_line_cut;     // longer than what the kernel keeps
    bool request_line_open;    // the response came before the line was complete
    bool request_lost = false; // there was a request, of which nothing is known
    bool uwsgi;                // request_line is a uwsgi packet: the variables of a request
    bool proxy_line = false;   // the connection began with a line "PROXY …", which is in no request_line
    bool incomplete;
    std::string
        exception; // raw bytes: the type of the one that was being handled, with its module or cut; may be empty
    Execution by;  // of those of status >= 400, and of some that were cut off
    // What is known of exceptions that passed a framework since the request began, logged or not.
    enum class Raised { not_watched, nothing, exception, untold };
    Raised raised = Raised::not_watched; // exception: `exception` is one that was not being handled any more
    bool refused = false;                // of a 4xx: Gunicorn itself answers, since its parser raised `exception`
    std::chrono::nanoseconds duration;
    KernelTime at;
    KernelTime polled{0}; // since when the worker's event loop has not looked for events
};

// A request that ended without a response.
struct Aborted {
    enum class By { client, server, worker_exit };
    // Without status; its duration up to its end. `exception`: one of the application's that ended it; `by`: the thread
    // that read the request, and no more where another one closes.
    Responded request;
    By by;
    bool by_exception = false; // the server closed where it does so only after an exception
};

// While requests are traced: of each one, in place of the two above.
struct Traced {
    Responded request;             // without status if there was no response
    std::optional<Aborted::By> by; // who ended it, of a request or response that was cut off
    bool unanswered = false;       // there was no response
    bool by_exception = false;     // as in Aborted
    Breakdown time;
};

// A request that a thread serves at this moment.
struct InFlight {
    Slot slot;
    std::uint32_t thread; // its id in the initial PID namespace
    KernelTime since;     // the request's first byte
};

using Event =
    std::variant<Forked, Executed, Exited, Signalled, OutOfMemory, Listening, Responded, Aborted, Logged, Traced>;

} // namespace event
