// SPDX-License-Identifier: BSD-2-Clause
#include "observer/probe_registry.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "python/raise_site.h"

namespace observer {

namespace {

std::string_view consequence_of(probe::PythonProbe probe) {
    switch (probe) {
    case probe::PythonProbe::raises:
        return "exceptions that nobody logs are \"unknown\"";
    case probe::PythonProbe::collections:
        return "the pauses of its garbage collector are not known";
    case probe::PythonProbe::imports:
        break;
    }
    return "the time that imports take is not known";
}

} // namespace

bool ProbeRegistry::attach_one(pid_t master, Attached& to, const python::Binary& binary, probe::PythonProbe which) {
    const auto site = which == probe::PythonProbe::raises ? python::raise_site(binary.file) : Result<std::uint64_t>(0);
    auto id = site ? probe_.attach_python(which, binary.path, *site)
                   : Result<probe::PythonProbeId>(std::unexpected(site.error()));
    if (id) {
        to.ids.push_back(*id);
        return true;
    }
    // A warning only where the probe was requested; builds without USDT are common.
    const auto level = which == probe::PythonProbe::collections ? spdlog::level::info : spdlog::level::warn;
    spdlog::log(level, "master {}: {}: {}", master, consequence_of(which), id.error().text);
    return false;
}

ProbeRegistry::Attached ProbeRegistry::attach_to(pid_t master, const python::Binary& binary) {
    Attached attached;
    const auto attach = [&](bool wanted, probe::PythonProbe which) {
        return wanted && attach_one(master, attached, binary, which);
    };
    attached.probes.raises = attach(wanted_.raises, probe::PythonProbe::raises);
    attached.probes.collections = attach(wanted_.collections, probe::PythonProbe::collections);
    attached.probes.imports = attach(wanted_.imports, probe::PythonProbe::imports);
    attached.since_ticks = proc_.uptime_ticks().value_or(std::numeric_limits<std::uint64_t>::max());
    return attached;
}

PythonProbes ProbeRegistry::attach(pid_t master) {
    if (!wanted_.any()) return {};
    const auto binary = python::interpreter_binary(proc_, master);
    if (!binary) return {}; // no Python: LayoutRegistry says so
    const auto file = probe_.probed_inode(binary->path);
    if (!file) {
        spdlog::warn("master {}: no probe in its Python: {}", master, file.error().text);
        return {};
    }
    auto found = files_.find(*file);
    if (found == files_.end()) found = files_.emplace(*file, attach_to(master, *binary)).first;
    const auto& attached = found->second;
    masters_[master] = {.file = *file, .probes = attached.probes, .since_ticks = attached.since_ticks, .alive = true};
    return attached.probes;
}

PythonProbes ProbeRegistry::of(pid_t master) const {
    const auto found = masters_.find(master);
    return found == masters_.end() ? PythonProbes{} : found->second.probes;
}

// Later than in the same tick, of which it is not known what came first.
bool ProbeRegistry::since_birth(pid_t master, std::uint64_t start_ticks) const {
    const auto found = masters_.find(master);
    return found != masters_.end() && start_ticks > found->second.since_ticks;
}

void ProbeRegistry::keep_only(const std::vector<gunicorn::Master>& masters) {
    const auto master = [&](pid_t pid) { return std::ranges::find(masters, pid, &gunicorn::Master::pid); };
    std::erase_if(masters_, [&](const auto& known) { return master(known.first) == masters.end(); });
    for (auto& [pid, known] : masters_) known.alive = master(pid)->alive;
    std::erase_if(files_, [&](const auto& file) {
        const auto runs_it = [&](const auto& known) { return known.second.alive && known.second.file == file.first; };
        if (std::ranges::any_of(masters_, runs_it)) return false;
        for (const auto id : file.second.ids) probe_.detach_python(id);
        return true;
    });
}

std::map<model::PythonProbeUse, std::uint64_t> ProbeRegistry::uses() const {
    std::map<model::PythonProbeUse, std::uint64_t> uses;
    const auto count = [&](bool wanted, bool attached, const char* name) {
        if (wanted) uses[{name, attached ? "attached" : "absent"}]++;
    };
    for (const auto& [pid, known] : masters_) {
        if (!known.alive) continue;
        count(wanted_.raises, known.probes.raises, "raise");
        count(wanted_.collections, known.probes.collections, "gc");
        count(wanted_.imports, known.probes.imports, "import");
    }
    return uses;
}

} // namespace observer
