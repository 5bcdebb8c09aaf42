// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/container.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "procfs/below_root.h"

namespace gunicorn {
namespace {

constexpr std::size_t kIdDigits = 64;
constexpr std::size_t kUidCharacters = 36;

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// "docker-<id>.scope", "cri-containerd-<id>.scope", "crio-<id>", "libpod-<id>.scope", "<id>". Not the conmon process
// that watches over a container of CRI-O or Podman.
std::string id_in(std::string_view component) {
    if (component.starts_with("crio-conmon-") || component.starts_with("libpod-conmon-")) return {};
    if (component.ends_with(".scope")) component.remove_suffix(std::string_view(".scope").size());
    if (component.size() < kIdDigits) return {};
    const auto id = component.substr(component.size() - kIdDigits);
    const auto before = component.substr(0, component.size() - kIdDigits);
    if (!before.empty() && !before.ends_with('-')) return {};
    return std::ranges::all_of(id, is_hexadecimal) ? std::string(id) : std::string();
}

// "pod<uid>", "kubepods-burstable-pod<uid>.slice", there with _ for -.
std::string pod_uid_in(std::string_view component) {
    if (component.ends_with(".slice")) component.remove_suffix(std::string_view(".slice").size());
    const auto at = component.rfind("pod");
    if (at == std::string_view::npos || component.size() - at - 3 != kUidCharacters) return {};
    std::string uid(component.substr(at + 3));
    std::ranges::replace(uid, '_', '-');
    const bool well_formed = std::ranges::all_of(uid, [](char c) { return is_hexadecimal(c) || c == '-'; });
    return well_formed ? uid : std::string();
}

std::vector<std::string> names_in(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error))
        names.push_back(entry->path().filename().string());
    std::ranges::sort(names);
    return names;
}

// "<pod>_<namespace>_<container>-<id>.log": no name of Kubernetes has a _ in it.
bool take_container_log(Container& container, std::string_view name) {
    const auto end = "-" + container.id + ".log";
    if (!name.ends_with(end)) return false;
    name.remove_suffix(end.size());
    const auto first = name.find('_');
    const auto second = first == std::string_view::npos ? first : name.find('_', first + 1);
    if (second == std::string_view::npos) return false;
    container.pod = name.substr(0, first);
    container.kubernetes_namespace = name.substr(first + 1, second - first - 1);
    container.name = name.substr(second + 1);
    return true;
}

// "<namespace>_<pod>_<uid>", with a folder for each container.
bool take_pod_logs(Container& container, const std::filesystem::path& pods, const std::string& name) {
    if (container.pod_uid.empty() || !name.ends_with("_" + container.pod_uid)) return false;
    const auto text = std::string_view(name).substr(0, name.size() - container.pod_uid.size() - 1);
    const auto between = text.find('_');
    if (between == std::string_view::npos) return false;
    container.kubernetes_namespace = text.substr(0, between);
    container.pod = text.substr(between + 1);
    const auto containers = names_in(pods / name);
    if (containers.size() == 1) container.name = containers[0]; // of several it is not known which
    return true;
}

bool take_logs(Container& container, const std::filesystem::path& log_directory) {
    for (const auto& name : names_in(log_directory / "containers"))
        if (take_container_log(container, name)) return true;
    const auto pods = log_directory / "pods";
    for (const auto& name : names_in(pods))
        if (take_pod_logs(container, pods, name)) return true;
    return false;
}

// The first line of a small text file below the process's own root.
std::string line_of_file_in(const procfs::ProcFs& proc, pid_t pid, const char* path) {
    const auto text = procfs::beginning_of_file_below_root(proc, pid, path, 256);
    const std::string_view line(text);
    const auto end = line.find('\n');
    const auto name = line.substr(0, end);
    // The characters of a Kubernetes name (RFC 1123): a label has no others.
    const auto may_be = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
    return std::ranges::all_of(name, may_be) ? std::string(name) : std::string();
}

} // namespace

std::optional<Container> container_in(std::string_view cgroups) {
    Container container;
    while (!cgroups.empty()) {
        const auto end = std::min(cgroups.find('\n'), cgroups.size());
        auto line = cgroups.substr(0, end);
        cgroups.remove_prefix(std::min(end + 1, cgroups.size()));
        // <number>:<controllers>:<path>
        const auto path = line.find(":/");
        if (path == std::string_view::npos) continue;
        line.remove_prefix(path + 1);
        while (!line.empty()) {
            const auto slash = std::min(line.find('/'), line.size());
            const auto component = line.substr(0, slash);
            line.remove_prefix(std::min(slash + 1, line.size()));
            // The innermost one, of containers in containers.
            if (auto id = id_in(component); !id.empty()) container.id = std::move(id);
            if (auto uid = pod_uid_in(component); !uid.empty()) container.pod_uid = std::move(uid);
        }
        if (!container.id.empty()) return container;
    }
    return std::nullopt;
}

std::optional<Container> container_of(const procfs::ProcFs& proc, pid_t pid,
                                      const std::filesystem::path& log_directory) {
    const auto cgroups = proc.cgroups(pid);
    if (!cgroups) return std::nullopt;
    auto container = container_in(*cgroups);
    if (!container || take_logs(*container, log_directory) || container->pod_uid.empty()) return container;
    container->kubernetes_namespace =
        line_of_file_in(proc, pid, "var/run/secrets/kubernetes.io/serviceaccount/namespace");
    container->pod = line_of_file_in(proc, pid, "etc/hostname");
    return container;
}

} // namespace gunicorn
