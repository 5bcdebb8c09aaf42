// SPDX-License-Identifier: BSD-2-Clause
// Probes in the code of an interpreter: uprobes and USDT, attached while somebody who runs it is observed. A file's
// probe is met by every process that runs the file: so the forks of a master are covered from their first instruction,
// and the kernel side leaves at once for others. One per process would have to be attached in time for each new worker.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ranges>
#include <utility>

#include "errno_text.h"
#include "event/decode.h"
#include "probe/kernel.h"
#include "probe/programs.h"
#include "probe/usdt.h"

namespace probe {

namespace {

constexpr pid_t kEverybody = -1;

Result<void> attach_uprobe(Links& links, const bpf_program* program, const std::string& path, std::uint64_t offset) {
    links.emplace_back(bpf_program__attach_uprobe(program, false, kEverybody, path.c_str(), offset));
    if (!links.back()) return fail("attach a uprobe: " + describe_attach_error(errno));
    return {};
}

} // namespace

std::string describe_attach_error(int error) {
    std::string why = errno_name_and_text(error);
    // CAP_PERFMON is not enough for probes in files.
    if (error == EACCES || error == EPERM)
        why += ": needs CAP_SYS_ADMIN (missing, or given up after the start), and seccomp has to allow perf_event_open";
    return why;
}

// From the last to the first: an end whose begin was not seen is left out, a begin without its end would stay.
Result<PythonProbeId> Probe::attach_python(PythonProbe probe, const std::string& path, std::uint64_t offset) {
    TRY(const auto file, python::ElfFile::open(path));
    PythonLinks attached{.probe = probe, .links = {}};
    for (const auto& program : programs() | std::views::reverse) {
        if (python_probe_of(program) != probe) continue;
        const auto* loaded = find(*kernel_->skeleton, program);
        if (program.entry == Entry::uprobe) {
            TRY_VOID(attach_uprobe(attached.links, loaded, path, offset));
            continue;
        }
        const auto done =
            kernel_->usdt_specs.attach(*kernel_->skeleton, *loaded, file, path, program.needs, attached.links);
        if (!done) return fail(fmt::format("attach python:{}: {}", program.needs, done.error().text));
    }
    kernel_->python_links.emplace(++kernel_->last_python_probe, std::move(attached));
    return kernel_->last_python_probe;
}

// The begins first, as they were attached last.
void Probe::detach_python(PythonProbeId id) {
    const auto found = kernel_->python_links.find(id);
    if (found == kernel_->python_links.end()) return;
    while (!found->second.links.empty()) found->second.links.pop_back();
    kernel_->python_links.erase(found);
}

std::optional<event::Collections> Probe::collections(event::Slot slot) const {
    contract::gc_pauses pauses{};
    if (!kernel_->options.groups.collector) return std::nullopt;
    if (bpf_map_lookup_elem(map_fd(kernel_->skeleton->maps.gc_pauses), &slot, &pauses)) return std::nullopt;
    return event::decode(pauses);
}

std::optional<event::Imports> Probe::imports(event::Slot slot, bool from_the_beginning) const {
    contract::imports imports{};
    if (!kernel_->options.groups.imports) return std::nullopt;
    if (bpf_map_lookup_elem(map_fd(kernel_->skeleton->maps.imports), &slot, &imports)) return std::nullopt;
    return event::decode(imports, from_the_beginning);
}

bool Probe::Kernel::is_attached(PythonProbe probe) const {
    return std::ranges::any_of(python_links, [&](const auto& each) { return each.second.probe == probe; });
}

void Probe::Kernel::forget_python(event::Slot slot) const {
    const auto& maps = skeleton->maps;
    const contract::python unknown{};
    bpf_map_update_elem(map_fd(maps.pythons), &slot, &unknown, BPF_ANY);
    // Those of groups that are turned off do not exist, or have no such slot.
    const contract::gc_pauses collections{};
    if (options.groups.collector) bpf_map_update_elem(map_fd(maps.gc_pauses), &slot, &collections, BPF_ANY);
    const contract::imports imports{};
    if (options.groups.imports) bpf_map_update_elem(map_fd(maps.imports), &slot, &imports, BPF_ANY);
}

} // namespace probe
