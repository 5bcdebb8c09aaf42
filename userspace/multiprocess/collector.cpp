// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/collector.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "descriptor.h"

namespace multiprocess {
namespace {

constexpr std::size_t kMaxLooks = 64;      // at processes' mappings, in one scrape
constexpr std::size_t kMaxSentences = 256; // an application may make up names as it likes

// By the first of its processes that still has a root: a worker may have died since.
Descriptor open_directory(const procfs::ProcFs& proc, const Directories::Place& place) {
    for (const auto pid : place.pids)
        if (auto directory = procfs::open_directory_below_root(proc, pid, place.path)) return std::move(*directory);
    return Descriptor();
}

std::optional<procfs::FileId> identity_of(const Descriptor& directory) {
    struct stat state{};
    if (fstat(directory.get(), &state) != 0) return std::nullopt;
    return procfs::FileId{state.st_dev, state.st_ino};
}

} // namespace

Collector::Collector(const procfs::ProcFs& proc, Names reserved, Tell tell, Limits limits, Clock clock)
    : proc_(proc), reserved_(std::move(reserved)), tell_(std::move(tell)), limits_(limits), clock_(std::move(clock)) {}

void Collector::tell_once(std::string sentence) {
    if (told_.size() >= kMaxSentences || !told_.insert(sentence).second) return;
    tell_(sentence);
}

Offer Collector::offer(Target& target, const Processes& processes, std::set<procfs::FileId>& taken,
                       std::size_t& most_looks, TargetFiles& summary) {
    Offer offer{&processes.labels, {}, {}};
    LivePids live(proc_, processes);
    Allowance allowance{limits_.files, limits_.bytes, limits_.file_bytes};
    // Keys that are no more used make room for those that are.
    if (target.table.is_full()) {
        target.table = SeriesTable(limits_.keys);
        for (auto& [id, reader] : target.readers) reader.forget();
    }
    std::vector<Part> parts;
    std::set<procfs::FileId> read;
    for (const auto& place : target.directories.of(processes, clock_(), most_looks)) {
        const auto directory = open_directory(proc_, place);
        if (!directory) continue;
        const auto id = identity_of(directory);
        if (!id || read.contains(*id)) continue;
        if (!taken.insert(*id).second) {
            tell_once(fmt::format("{}: several Gunicorns keep their metrics there; they are shown with one of them",
                                  place.path));
            continue;
        }
        read.insert(*id);
        const auto& files = target.readers[*id].read(
            directory.get(), target.table, allowance, [&](const std::string& pid) { return live.has(pid); },
            [&](const std::string& file, FileRefusal reason) {
                target.refused_files.add(reason);
                tell_once(fmt::format("{}: files of the application's metrics are left out ({}), {} for one",
                                      place.path, name_of(reason), file));
            });
        for (const auto& file : files) parts.push_back({&file.name, file.readings});
    }
    std::erase_if(target.readers, [&](const auto& reader) { return !read.contains(reader.first); });
    target.had_directory |= !read.empty();
    summary.files = parts.size();
    offer.families = aggregate(target.table, parts, offer.refused);
    return offer;
}

Exposed Collector::collect(std::span<const Processes> targets) {
    const auto begun = std::chrono::steady_clock::now();
    std::erase_if(targets_, [&](const auto& known) {
        return std::ranges::find(targets, known.first, &Processes::target) == targets.end();
    });
    Exposed exposed;
    std::vector<Offer> offers;
    std::set<procfs::FileId> taken;
    auto most_looks = kMaxLooks;
    for (const auto& processes : targets) {
        auto& target = targets_.try_emplace(processes.target, proc_, limits_).first->second;
        offers.push_back(offer(target, processes, taken, most_looks, exposed.targets.emplace_back()));
    }
    exposed.families = admit(offers, reserved_, [&](const std::string& metric, SeriesRefusal reason) {
        tell_once(fmt::format("the application's metric {} is left out ({})", metric, name_of(reason)));
    });
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const auto& target = targets_.at(targets[i].target);
        exposed.targets[i].has_directory = target.had_directory;
        exposed.targets[i].refused_files = target.refused_files;
        exposed.targets[i].refused_series = offers[i].refused;
    }
    exposed.reading_time = std::chrono::steady_clock::now() - begun;
    return exposed;
}

} // namespace multiprocess
