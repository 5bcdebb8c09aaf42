// SPDX-License-Identifier: BSD-2-Clause
#include "probe/trial.h"

#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "probe/kernel.h"

namespace probe {

namespace {

using Opened = std::unique_ptr<gunicorn_probes, Skeleton>;

constexpr Groups kNone{.activity = false, .waits = false, .backlog = false, .sizes = false, .exceptions = false};

constexpr std::array<std::pair<std::string_view, bool Groups::*>, 5> kGroups{{
    {"activity", &Groups::activity},
    {"waits", &Groups::waits},
    {"backlog", &Groups::backlog},
    {"sizes", &Groups::sizes},
    {"exceptions", &Groups::exceptions},
}};

// As small as it gets: what is tried is the programs.
Options options_with(const Groups& groups) {
    return {.max_processes = 8, .max_connections = 16, .ring_bytes = 64 * 1024, .groups = groups};
}

Opened opened_with(const Groups& groups) {
    Opened skeleton(gunicorn_probes::open());
    if (skeleton) prepare(*skeleton, options_with(groups));
    return skeleton;
}

bool is_loaded_with(const Groups& groups, std::string_view program) {
    const auto skeleton = opened_with(groups);
    const auto* found =
        skeleton ? bpf_object__find_program_by_name(skeleton->obj, std::string(program).c_str()) : nullptr;
    return found != nullptr && bpf_program__autoload(found);
}

std::string group_of(std::string_view program) {
    if (is_loaded_with(kNone, program)) return "core";
    for (const auto& [name, member] : kGroups) {
        auto groups = kNone;
        groups.*member = true;
        if (is_loaded_with(groups, program)) return std::string(name);
    }
    return "core";
}

bool is_iterator(const bpf_program* program) {
    return std::string_view(bpf_program__section_name(program)).starts_with("iter/");
}

void attach(const bpf_program* program, event::ProgramTrial& trial) {
    trial.on_its_own = bpf_program__autoattach(program) || is_iterator(program);
    if (!trial.on_its_own) return;
    const std::unique_ptr<bpf_link, Link> link(bpf_program__attach(program));
    trial.attached = link != nullptr;
    if (!trial.attached) trial.error = failure("attach", errno).text;
}

event::ProgramTrial try_one(const std::string& name) {
    event::ProgramTrial trial{.name = name, .group = group_of(name), .error = {}};
    const auto skeleton = opened_with({});
    bpf_program* one = nullptr;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) {
        const bool wanted = name == bpf_program__name(program);
        if (wanted) one = program;
        bpf_program__set_autoload(program, wanted);
    }
    if (const int error = gunicorn_probes::load(skeleton.get())) {
        trial.error = failure("load", -error).text;
        return trial;
    }
    trial.loaded = true;
    attach(one, trial);
    return trial;
}

} // namespace

std::vector<event::ProgramTrial> try_programs() {
    std::vector<event::ProgramTrial> trials;
    const auto all = opened_with({});
    if (!all) return trials;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, all->obj) {
        if (bpf_program__autoload(program)) trials.push_back(try_one(bpf_program__name(program)));
    }
    return trials;
}

} // namespace probe
