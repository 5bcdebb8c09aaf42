// SPDX-License-Identifier: BSD-2-Clause
// What a master's Arbiter, Gunicorn's object that starts and ends the workers, knows of them: read from its memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "gunicorn/facts.h"
#include "procfs/procfs.h"
#include "python/interpreter.h"
#include "python/memory.h"
#include "result.h"

namespace gunicorn {

struct Arbiter {
    std::uint32_t worker_age = 0;        // of the youngest worker so far: how many there have been
    std::map<pid_t, std::uint32_t> ages; // by the pid that the master sees, each once, from 1 to worker_age
    Facts facts;
    std::optional<std::uint32_t> num_workers; // how many it wants; nullopt if it is not set yet
};

// Errors: the process is gone, its memory is not to be read, its Python is not known, it runs no Arbiter, or what was
// read contradicts itself, as it may while the master is busy: then another try is worth it.
using ReadArbiter = std::function<Result<Arbiter>(pid_t master)>;

// Remembers where each master's interpreter is. A read takes about a millisecond.
class ArbiterReader {
public:
    // `proc` must outlive this.
    explicit ArbiterReader(const procfs::ProcFs& proc) : proc_{&proc} {}

    Result<Arbiter> operator()(pid_t master);

private:
    Result<python::Interpreter> interpreter_of(pid_t master, python::Memory& memory);

    const procfs::ProcFs* proc_;
    std::map<pid_t, python::Interpreter> interpreters_; // forgotten as soon as a read fails
};

} // namespace gunicorn
