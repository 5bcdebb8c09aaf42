// SPDX-License-Identifier: BSD-2-Clause
#include "check/gunicorns.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "check/python_found.h"
#include "gunicorn/app_name.h"
#include "gunicorn/arbiter.h"
#include "gunicorn/configuration_file.h"
#include "gunicorn/container.h"
#include "gunicorn/facts.h"
#include "gunicorn/listeners.h"
#include "gunicorn/recognition.h"
#include "procfs/fields.h"
#include "procfs/file.h"

namespace check {

namespace {

using std::chrono_literals::operator""ms;

// A master that is busy contradicts itself for a moment.
std::optional<gunicorn::Arbiter> ask(const procfs::ProcFs& proc, pid_t master) {
    gunicorn::ArbiterReader reader(proc);
    constexpr int kTries = 5;
    for (int tries = 0; tries < kTries; tries++) {
        if (auto arbiter = reader(master)) return std::move(*arbiter);
        std::this_thread::sleep_for(20ms);
    }
    return std::nullopt;
}

std::string maps_of(const procfs::ProcFs& proc, pid_t pid) {
    auto text = procfs::read_file((proc.root() / std::to_string(pid) / "maps").string());
    return text ? *std::move(text) : std::string();
}

std::string path_in(std::string_view line) { // of a line of /proc/<pid>/maps
    const auto slash = line.find('/');
    return slash == std::string_view::npos ? std::string() : std::string(line.substr(slash));
}

// Directories in which packages may be installed: by the paths of what is mapped, and next to Gunicorn's script.
std::vector<std::filesystem::path> package_directories(std::string_view maps, const std::vector<std::string>& command) {
    std::vector<std::filesystem::path> directories{"/usr/lib/python3/dist-packages"};
    const auto add = [&](std::filesystem::path path) {
        if (std::ranges::find(directories, path) == directories.end()) directories.push_back(std::move(path));
    };
    while (!maps.empty()) {
        const auto path = path_in(procfs::next_line(maps));
        for (const std::string_view folder : {"/site-packages/", "/dist-packages/"})
            if (const auto at = path.find(folder); at != std::string::npos) add(path.substr(0, at + folder.size() - 1));
        if (const auto at = path.find("/lib-dynload/"); at != std::string::npos)
            add(path.substr(0, at) + "/site-packages");
    }
    for (const auto& argument : command)
        if (argument.ends_with("/bin/gunicorn"))
            add(std::filesystem::path(argument).parent_path().parent_path() / "lib");
    return directories;
}

// A link could lead out of the process's own root, to a Gunicorn that is not its.
bool leads_over_a_link(const std::filesystem::path& root, const std::filesystem::path& directory) {
    auto path = root;
    for (const auto& part : directory.relative_path()) {
        path /= part;
        std::error_code error;
        if (std::filesystem::is_symlink(path, error)) return true;
    }
    return false;
}

std::optional<std::string> version_below(const std::filesystem::path& directory, int depth) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if (auto version = version_in_directory_name(name)) return version;
        if (depth > 0 && !entry->is_symlink(error) && (name.starts_with("python3.") || name == "site-packages"))
            if (auto version = version_below(entry->path(), depth - 1)) return version;
    }
    return std::nullopt;
}

std::optional<std::string> version_on_disk(const procfs::ProcFs& proc, pid_t pid, std::string_view maps,
                                           const std::vector<std::string>& command) {
    const auto root = proc.root() / std::to_string(pid) / "root";
    for (const auto& directory : package_directories(maps, command)) {
        if (leads_over_a_link(root, directory)) continue;
        if (auto version = version_below(root / directory.relative_path(), 2)) return version;
    }
    return std::nullopt;
}

std::string value_in(const gunicorn::Facts& facts, const char* name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string() : found->second;
}

void name_it(GunicornFound& found, const gunicorn::Facts& facts, const gunicorn::Facts& options,
             const std::vector<std::string>& command, std::string_view worker_maps) {
    found.app = value_in(facts, "app");
    if (found.app.empty()) found.app = gunicorn::app_name(command, false);
    found.version = value_in(facts, "version");
    if (!found.version.empty()) found.version_source = "memory";
    const std::pair<const char*, std::string> classes[] = {
        {"memory", value_in(facts, "worker_class")},
        {"command_line", value_in(options, "worker_class")},
        {"modules", worker_class_of_libraries(worker_maps)},
    };
    for (const auto& [source, name] : classes) {
        if (name.empty() || !found.worker_class.empty()) continue;
        found.worker_class = name;
        found.worker_class_source = source;
    }
}

std::string tls_of(const gunicorn::Facts& facts, const std::vector<std::string>& command) {
    if (const auto said = value_in(facts, "tls"); !said.empty()) return said == "on" ? "yes" : "no";
    const bool asked =
        std::ranges::any_of(command, [](const std::string& argument) { return argument.starts_with("--certfile"); });
    return asked ? "yes" : "unknown";
}

void add_workers(GunicornFound& found, const procfs::ProcFs& proc, const gunicorn::MasterWithWorkers& family,
                 const std::optional<gunicorn::Arbiter>& arbiter) {
    for (const auto& worker : family.workers) {
        const auto status = proc.status(worker.traits.pid);
        const bool told = arbiter && status && !status->namespace_pids.empty() &&
                          arbiter->ages.contains(status->namespace_pids.back());
        found.workers.push_back({worker.traits.pid, {}, told ? "arbiter" : "fork_order"});
    }
}

void add_container(GunicornFound& found, const procfs::ProcFs& proc, const std::filesystem::path& log_directory) {
    const auto container = gunicorn::container_of(proc, found.master_pid, log_directory);
    if (!container) return;
    const std::pair<const char*, std::string> labels[] = {{"container", container->container_label()},
                                                          {"pod", container->pod_label()},
                                                          {"namespace", container->kubernetes_namespace}};
    for (const auto& [name, value] : labels)
        if (!value.empty()) found.container[name] = value;
}

GunicornFound describe(const procfs::ProcFs& proc, const gunicorn::MasterWithWorkers& family,
                       const std::filesystem::path& log_directory) {
    const auto pid = family.master.pid;
    const auto worker = family.workers.front().traits.pid;
    GunicornFound found{.master_pid = pid};
    const auto command = proc.command_line(pid).value_or(std::vector<std::string>{});
    const auto maps = maps_of(proc, pid);
    const auto worker_maps = maps_of(proc, worker);
    const auto arbiter = ask(proc, pid);
    const auto facts = arbiter ? arbiter->facts : gunicorn::Facts{};
    name_it(found, facts, gunicorn::facts_of_command_line(command), command, worker_maps);
    if (found.app.empty()) found.app = gunicorn::configured_name(proc, pid, command);
    if (found.version.empty()) {
        if (auto version = version_on_disk(proc, pid, maps, command)) {
            found.version = std::move(*version);
            found.version_source = "dist-info";
        }
    }
    found.python = python_of(proc, pid, maps);
    found.tls = {mapped_library(worker_maps, "libssl"), tls_of(facts, command)};
    for (const auto& socket : gunicorn::listeners_of_worker(proc, worker, pid).sockets)
        found.listeners.push_back({socket.name, std::nullopt, std::nullopt});
    add_workers(found, proc, family, arbiter);
    add_container(found, proc, log_directory);
    return found;
}

} // namespace

std::optional<std::string> version_in_directory_name(std::string_view name) {
    constexpr std::string_view kBegin = "gunicorn-";
    if (!name.starts_with(kBegin)) return std::nullopt;
    for (const std::string_view end : {".dist-info", ".egg-info"}) {
        if (!name.ends_with(end) || name.size() <= kBegin.size() + end.size()) continue;
        return std::string(name.substr(kBegin.size(), name.size() - kBegin.size() - end.size()));
    }
    return std::nullopt;
}

std::string mapped_library(std::string_view maps, std::string_view name) {
    while (!maps.empty()) {
        const auto path = path_in(procfs::next_line(maps));
        if (path.substr(path.rfind('/') + 1).starts_with(name)) return path;
    }
    return {};
}

// Others are pure Python, or leave nothing behind that others do not, too.
std::string worker_class_of_libraries(std::string_view maps) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kLibraries{{
        {"/gevent/", "gevent"},
        {"/uvloop/", "uvicorn.workers.UvicornWorker"},
        {"/greenlet/", "eventlet"},
    }};
    for (const auto& [folder, worker_class] : kLibraries)
        if (maps.contains(folder)) return std::string(worker_class);
    return {};
}

std::vector<GunicornFound> find_gunicorns(const procfs::ProcFs& proc, const std::vector<pid_t>& masters,
                                          const std::filesystem::path& log_directory) {
    std::vector<GunicornFound> found;
    for (const auto& family : gunicorn::recognise(gunicorn::candidates(proc))) {
        const bool wanted = masters.empty() || std::ranges::find(masters, family.master.pid) != masters.end();
        if (wanted) found.push_back(describe(proc, family, log_directory));
    }
    return found;
}

void add_observed(GunicornFound& gunicorn, const model::Snapshot& snapshot) {
    for (const auto& target : snapshot.targets) {
        bool is_it = false;
        for (auto& worker : gunicorn.workers) {
            const auto known = std::ranges::find_if(target.workers, [&](const model::Worker& each) {
                return each.pid == worker.pid && each.gauges.has_value();
            });
            if (known == target.workers.end()) continue;
            worker.id = known->id;
            is_it = true;
        }
        if (!is_it) continue;
        for (auto& listener : gunicorn.listeners) {
            const auto known = target.listeners.find(listener.address);
            if (known == target.listeners.end()) continue;
            listener.limit = known->second.limit;
            listener.waiting = known->second.waiting;
        }
    }
}

} // namespace check
