// SPDX-License-Identifier: BSD-2-Clause
// The benchmark's BPF programs, loaded and attached one at a time.
#pragma once

#include <sys/types.h>

#include <memory>

#include "result.h"

// These, and the skeleton, are C.
struct bench_probes;
struct bpf_link;

namespace bench {

enum class Program { empty, stopwatch_begin, stopwatch_end };

struct Unload {
    void operator()(bench_probes* object) const;
};

struct Detach {
    void operator()(bpf_link* link) const;
};

using Probes = std::unique_ptr<bench_probes, Unload>;
using Link = std::unique_ptr<bpf_link, Detach>;

// Loads all programs and attaches none. `timed_process` is the one whose system calls the stopwatch times; 0: nobody.
Result<Probes> load(pid_t timed_process);

// The program runs behind those that are attached to the hook already, until the link is destroyed.
Result<Link> attach(const Probes& probes, Program program);

} // namespace bench
