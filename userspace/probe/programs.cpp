// SPDX-License-Identifier: BSD-2-Clause
#include "probe/programs.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace probe {

namespace {

using Progs = decltype(gunicorn_probes::progs);

constexpr auto kPrograms = std::to_array<Program>({
    {&Progs::sys_exit, "sys_exit", Entry::hook, Group::core},
    {&Progs::stream_bytes, "stream_bytes", Entry::tail_call, Group::core, "sys_exit", contract::PROG_STREAM_BYTES},
    {&Progs::pass_messages, "pass_messages", Entry::tail_call, Group::core, "sys_exit", contract::PROG_PASS_MESSAGES},
    {&Progs::pass_bulk, "pass_bulk", Entry::tail_call, Group::core, "sys_exit", contract::PROG_PASS_BULK},
    {&Progs::end_lost_response, "end_lost_response", Entry::tail_call, Group::core, "sys_exit",
     contract::PROG_END_LOST_RESPONSE},
    {&Progs::end_by_call, "end_by_call", Entry::tail_call, Group::core, "sys_exit", contract::PROG_END_BY_CALL},
    {&Progs::shut_by_call, "shut_by_call", Entry::tail_call, Group::core, "sys_exit", contract::PROG_SHUT_BY_CALL},
    {&Progs::explain_response, "explain_response", Entry::tail_call, Group::exceptions, "sys_exit",
     contract::PROG_EXPLAIN_RESPONSE},
    {&Progs::finish_explained, "finish_explained", Entry::tail_call, Group::exceptions, "sys_exit",
     contract::PROG_FINISH_EXPLAINED},
    {&Progs::explain_abort, "explain_abort", Entry::tail_call, Group::exceptions, "sys_exit",
     contract::PROG_EXPLAIN_ABORT},
    {&Progs::read_log_record, "read_log_record", Entry::tail_call, Group::exceptions, "sys_exit",
     contract::PROG_READ_LOG_RECORD},
    {&Progs::read_printed, "read_printed", Entry::tail_call, Group::exceptions, "sys_exit",
     contract::PROG_READ_PRINTED},
    {&Progs::note_listener, "note_listener", Entry::tail_call, Group::core, "sys_exit", contract::PROG_NOTE_LISTENER},
    {&Progs::recover_call, "recover_call", Entry::tail_call, Group::core, "sys_exit", contract::PROG_RECOVER_CALL},
    {&Progs::read_frames, "read_frames", Entry::tail_call, Group::core, "sys_exit", contract::PROG_READ_FRAMES},
    {&Progs::end_connection, "end_connection", Entry::user_space, Group::core},
    {&Progs::end_if_closed, "end_if_closed", Entry::user_space, Group::core},
    {&Progs::adopt_connection, "adopt_connection", Entry::user_space, Group::core},
    {&Progs::sched_process_fork, "sched_process_fork", Entry::hook, Group::core},
    {&Progs::sched_process_exec, "sched_process_exec", Entry::hook, Group::core},
    {&Progs::sched_process_exit, "sched_process_exit", Entry::hook, Group::core},
    {&Progs::signal_generate, "signal_generate", Entry::hook, Group::core},
    {&Progs::mark_victim, "mark_victim", Entry::hook, Group::core},
    {&Progs::tcp_destroy_sock, "tcp_destroy_sock", Entry::hook, Group::core},
    {&Progs::sys_enter, "sys_enter", Entry::hook, Group::waits},
    {&Progs::read_backlogs, "read_backlogs", Entry::iterator, Group::backlog},
    {&Progs::collection_begins, "collection_begins", Entry::usdt, Group::collector, "gc__start"},
    {&Progs::collection_ends, "collection_ends", Entry::usdt, Group::collector, "gc__done"},
    {&Progs::trace_switch, "trace_switch", Entry::hook, Group::trace},
    {&Progs::trace_wakeup, "trace_wakeup", Entry::hook, Group::trace},
    {&Progs::trace_exit, "trace_exit", Entry::hook, Group::trace},
    {&Progs::trace_enter, "trace_enter", Entry::hook, Group::trace},
    {&Progs::read_mappings, "read_mappings", Entry::iterator, Group::interpreters},
    {&Progs::see_raise, "see_raise", Entry::uprobe, Group::unlogged},
    {&Progs::import_begins, "import_begins", Entry::usdt, Group::imports, "import__find__load__start"},
    {&Progs::import_ends, "import_ends", Entry::usdt, Group::imports, "import__find__load__done"},
});

} // namespace

std::span<const Program> programs() { return kPrograms; }

bool is_needed(const Program& program, const Options& options) {
    switch (program.group) {
    case Group::core:
        return true;
    case Group::waits:
        return options.groups.waits;
    case Group::backlog:
        return options.groups.backlog;
    case Group::exceptions:
        return options.groups.exceptions;
    case Group::unlogged:
        return options.groups.unlogged;
    case Group::collector:
        return options.groups.collector;
    case Group::imports:
        return options.groups.imports;
    case Group::interpreters:
        return options.groups.unlogged || options.groups.collector || options.groups.imports;
    case Group::trace:
        break;
    }
    return options.trace;
}

// The iterator over mappings came with Linux 5.12.
bool is_available(const Program& program) {
    static const bool has_mappings = libbpf_find_vmlinux_btf_id("task_vma", BPF_TRACE_ITER) > 0;
    return program.group != Group::interpreters || has_mappings;
}

// Programs that user space runs have no attachment to report.
bool is_reported(const Program& program, const Options& options) {
    if (program.entry == Entry::user_space) return false;
    return is_needed(program, Options{}) || is_needed(program, options);
}

// `check` lists the garbage collector under "core": it has no line of its own for what interpreters offer.
std::string_view group_name(const Program& program) {
    switch (program.group) {
    case Group::waits:
        return "waits";
    case Group::backlog:
        return "backlog";
    case Group::exceptions:
        return "exceptions";
    default:
        return "core";
    }
}

std::optional<PythonProbe> python_probe_of(const Program& program) {
    switch (program.group) {
    case Group::unlogged:
        return PythonProbe::raises;
    case Group::collector:
        return PythonProbe::collections;
    case Group::imports:
        return PythonProbe::imports;
    default:
        return std::nullopt;
    }
}

const Program& program_named(std::string_view name) { return *std::ranges::find(kPrograms, name, &Program::name); }

bpf_program* find(const gunicorn_probes& skeleton, const Program& program) { return skeleton.progs.*program.program; }

bool is_hooked(const gunicorn_probes& skeleton, const Program& program) {
    const std::span entries(skeleton.skeleton->progs, static_cast<std::size_t>(skeleton.skeleton->prog_cnt));
    const auto entry =
        std::ranges::find_if(entries, [&](const auto& each) { return *each.prog == find(skeleton, program); });
    return entry != entries.end() && entry->link != nullptr && *entry->link != nullptr;
}

} // namespace probe
