// SPDX-License-Identifier: BSD-2-Clause
// The container that a process runs in, as far as the node shows it without asking anybody.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "procfs/procfs.h"

namespace gunicorn {

struct Container {
    std::string id;      // 64 hexadecimal digits
    std::string pod_uid; // "0f3e…-…", empty outside Kubernetes
    // Names; empty where only the ids are known.
    std::string kubernetes_namespace;
    std::string pod;
    std::string name;

    // Values of labels: a name, else an id: the pod's UID, the container's first twelve digits, as its tools show it.
    std::string pod_label() const { return pod.empty() ? pod_uid : pod; }
    std::string container_label() const { return name.empty() ? id.substr(0, 12) : name; }
};

// From /proc/<pid>/cgroup (cgroups(7)), version 1 or 2, as Docker, containerd, CRI-O and Podman name their groups,
// below the kubelet's or not, by either driver (systemd, cgroupfs). Nothing: no container.
std::optional<Container> container_in(std::string_view cgroups);

// … with names: from `log_directory`, the node's /var/log, where the kubelet keeps
// pods/<namespace>_<pod>_<uid>/<container> and containers/<pod>_<namespace>_<container>-<id>.log; else, of a pod, from
// what is mounted in the container itself: its service account's namespace and its host name, read below its own root
// and nowhere else.
std::optional<Container> container_of(const procfs::ProcFs& proc, pid_t pid,
                                      const std::filesystem::path& log_directory);

} // namespace gunicorn
