// SPDX-License-Identifier: BSD-2-Clause
#include "probe/program_check.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <memory>
#include <string>

#include "probe/kernel.h"
#include "probe/programs.h"

namespace probe {

namespace {

// As small as the maps get: what is checked is the programs.
Options smallest_options() { return {.max_processes = 8, .max_connections = 16, .ring_bytes = 64 * 1024}; }

Object opened() {
    auto skeleton = open_object(loops_of_kernel());
    if (skeleton) prepare(*skeleton, smallest_options());
    return skeleton;
}

void attach(const bpf_program* program, event::ProgramCheck& check) {
    if (!check.on_its_own) return;
    const std::unique_ptr<bpf_link, Link> link(bpf_program__attach(program));
    check.attached = link != nullptr;
    if (!check.attached) check.error = failure("attach", errno).text;
}

event::ProgramCheck check_alone(const Program& program) {
    event::ProgramCheck check{.name = std::string(program.name),
                              .group = std::string(group_name(program)),
                              .on_its_own = program.entry == Entry::hook || program.entry == Entry::iterator,
                              .error = {}};
    const auto skeleton = opened();
    if (!skeleton) {
        check.error = failure("open", errno).text;
        return check;
    }
    for (const auto& each : programs()) bpf_program__set_autoload(find(*skeleton, each), each.name == program.name);
    if (const int error = gunicorn_probes::load(skeleton.get())) {
        check.error = failure("load", -error).text;
        return check;
    }
    check.loaded = true;
    attach(find(*skeleton, program), check);
    return check;
}

} // namespace

std::vector<event::ProgramCheck> probe_programs() {
    std::vector<event::ProgramCheck> checks;
    for (const auto& program : programs()) {
        if (is_needed(program, smallest_options()) && is_available(program)) checks.push_back(check_alone(program));
    }
    return checks;
}

} // namespace probe
