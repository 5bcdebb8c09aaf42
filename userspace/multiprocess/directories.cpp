// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/directories.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "multiprocess/file_name.h"

namespace multiprocess {
namespace {

constexpr std::chrono::seconds kMaxInterval{60};
constexpr std::size_t kMaxPlaces = 8;

std::vector<std::string> directories_of(const std::vector<std::string>& files) {
    std::vector<std::string> directories;
    for (const auto& file : files) {
        const auto slash = file.rfind('/');
        if (!is_client_file(std::string_view(file).substr(slash + 1))) continue;
        auto directory = file.substr(0, std::max<std::size_t>(slash, 1));
        if (std::ranges::find(directories, directory) == directories.end()) directories.push_back(std::move(directory));
    }
    return directories;
}

} // namespace

std::string Directories::named_in_environment(pid_t pid) const {
    for (const auto* name : {"PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"}) {
        const auto value = proc_.environment(pid, name);
        if (!value || !*value || (*value)->empty()) continue;
        std::filesystem::path path(**value);
        if (path.is_absolute()) return path;
        std::error_code error;
        const auto process = proc_.root() / std::to_string(pid);
        const auto root = std::filesystem::read_symlink(process / "root", error);
        const auto directory = error ? std::filesystem::path() : std::filesystem::read_symlink(process / "cwd", error);
        if (error) return {};
        return "/" / directory.lexically_relative(root) / path;
    }
    return {};
}

void Directories::look(Seen& seen, pid_t pid, Time now) const {
    if (const auto files = proc_.shared_files(pid, ".db")) seen.mapped = directories_of(*files);
    if (!seen.looked) seen.environment = named_in_environment(pid);
    seen.looked = true;
    seen.next = now + seen.interval;
    seen.interval = std::min(seen.interval * 2, kMaxInterval);
}

std::vector<Directories::Place> Directories::of(const Processes& processes, Time now, std::size_t& most_looks) {
    std::erase_if(
        seen_, [&](const auto& each) { return std::ranges::find(processes.pids, each.first) == processes.pids.end(); });
    for (const auto pid : processes.pids) {
        auto& seen = seen_[pid];
        if (now < seen.next || most_looks == 0) continue;
        --most_looks;
        look(seen, pid, now);
    }
    std::vector<Place> places;
    const auto add = [&](pid_t pid, const std::string& path) {
        const auto place = std::ranges::find(places, path, &Place::path);
        if (place != places.end())
            place->pids.push_back(pid);
        else if (!path.empty() && places.size() < kMaxPlaces)
            places.push_back({path, {pid}});
    };
    for (const auto& [pid, seen] : seen_)
        for (const auto& path : seen.mapped) add(pid, path);
    // All workers that had mapped some may have ended before their successors have: the files are still there.
    if (places.empty())
        for (const auto& path : known_) places.push_back({path, {}});
    known_.clear();
    for (auto& [path, pids] : places) {
        known_.push_back(path);
        for (const auto& [pid, seen] : seen_)
            if (std::ranges::find(pids, pid) == pids.end()) pids.push_back(pid);
    }
    if (!places.empty()) return places;
    for (const auto& [pid, seen] : seen_) add(pid, seen.environment);
    return places;
}

} // namespace multiprocess
