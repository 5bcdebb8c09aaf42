// SPDX-License-Identifier: BSD-2-Clause
// The table of the BPF programs. Loading, attaching, checking and reporting iterate over it, and so does the test of
// the verifier's budget: a program is added by one row here and its file in bpf/. Included only within this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "contract.h"
#include "gunicorn_probes.skel.h"
#include "probe/probe.h"

namespace probe {

// How a program comes to run.
enum class Entry : std::uint8_t {
    hook,       // libbpf attaches it to the tracepoint that its section names
    tail_call,  // another program calls it
    user_space, // BPF_PROG_TEST_RUN by this process
    iterator,   // read(2) of an iterator
    uprobe,     // attached to an instruction of an interpreter's file, see Probe::attach_python()
    usdt,       // attached to a USDT probe of an interpreter's file, likewise see there
};

// What has to be measured for a program to be needed: a member of Groups, or Options::trace. interpreters: any of those
// that are attached to interpreters.
enum class Group : std::uint8_t { core, waits, backlog, exceptions, unlogged, collector, imports, interpreters, trace };

using ProgramOf = bpf_program* decltype(gunicorn_probes::progs)::*;

struct Program {
    ProgramOf program;
    std::string_view name; // in probe_attached{probe=…} and in `check`; stable
    Entry entry;
    Group group;
    // What it depends on to run: of a tail-called program the name of its caller, of a USDT program the probe of the
    // provider "python"; else empty.
    std::string_view needs;
    std::optional<contract::tail_call> tail_call; // of a tail-called program: its index in the map of them
};

// In the order of reports. Of programs for one USDT pair the begin stands before the end.
std::span<const Program> programs();

bool is_needed(const Program& program, const Options& options);
// Whether the running kernel has what it hangs on. Only programs are concerned that can be done without.
bool is_available(const Program& program);
// Whether reports list it: what only `options` beyond the defaults need is left out until it is needed.
bool is_reported(const Program& program, const Options& options);
// "core", or the group without which `check` shows that the program is not needed.
std::string_view group_name(const Program& program);
// What has to be attached to an interpreter for the program to run; nullopt for programs that are no uprobe or USDT.
std::optional<PythonProbe> python_probe_of(const Program& program);

// The row of that name, which must be one of the table's.
const Program& program_named(std::string_view name);

bpf_program* find(const gunicorn_probes& skeleton, const Program& program);
// Whether libbpf attached it to its hook.
bool is_hooked(const gunicorn_probes& skeleton, const Program& program);

} // namespace probe
