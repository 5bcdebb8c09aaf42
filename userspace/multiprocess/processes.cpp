// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/processes.h"

#include <unistd.h>

#include "procfs/fields.h"

namespace multiprocess {

bool LivePids::lives(pid_t pid) const {
    const auto stat = proc_.stat(pid);
    return stat && stat->state != 'Z' && stat->state != 'X';
}

void LivePids::add(std::set<pid_t>& numbers, pid_t pid) const {
    const auto status = proc_.status(pid);
    if (status && !status->namespace_pids.empty() && lives(pid)) numbers.insert(status->namespace_pids.back());
}

bool LivePids::has(const std::string& text) {
    const auto pid = procfs::number<pid_t>(text);
    if (!pid || processes_.pids.empty()) return true;
    if (!own_) {
        own_.emplace();
        for (const auto each : processes_.pids) add(*own_, each);
    }
    if (own_->contains(*pid)) return true;

    // Another process that uses the same directory: a task queue's, a command's.
    const auto theirs = proc_.pid_namespace(processes_.pids.front());
    if (!theirs) return true;
    if (const auto ours = proc_.pid_namespace(getpid()); ours && *ours == *theirs) {
        const auto status = proc_.status(*pid); // a thread's number has one, too
        return status && status->process == *pid && lives(*pid);
    }
    if (!namespaces_) {
        namespaces_.emplace();
        const auto all = proc_.pids();
        if (!all) return true;
        for (const auto each : *all)
            if (const auto its = proc_.pid_namespace(each); its && *its == *theirs) add(*namespaces_, each);
    }
    return namespaces_->contains(*pid);
}

} // namespace multiprocess
