// SPDX-License-Identifier: BSD-2-Clause
#include "model/target_groups.h"

#include <array>
#include <set>
#include <string>
#include <utility>

namespace model {

TargetGroups::TargetGroups(bool labelled, std::size_t endpoint_limit, std::vector<http::RouteTemplate> routes)
    : labelled_(labelled), endpoint_limit_(endpoint_limit), routes_(std::move(routes)) {
    if (!labelled_)
        histories_.emplace(kOnlyTarget, TargetHistory(0, {}, http::EndpointLimit(endpoint_limit_, routes_)));
}

// A master keeps the target it was given first: its predecessor may be forgotten before it.
void TargetGroups::assign(const std::vector<gunicorn::Master>& masters) {
    std::map<pid_t, const gunicorn::Master*> listed;
    for (const auto& master : masters) listed.try_emplace(master.pid, &master);
    for (const auto& master : masters) {
        std::vector<pid_t> line; // from here back to a predecessor whose target is known
        std::set<pid_t> met;
        auto pid = master.pid;
        while (!target_of_master_.contains(pid) && met.insert(pid).second) {
            line.push_back(pid);
            const auto found = listed.find(pid);
            const auto predecessor = found->second->predecessor;
            if (!predecessor || (!listed.contains(*predecessor) && !target_of_master_.contains(*predecessor))) break;
            pid = *predecessor;
        }
        if (line.empty()) continue;
        const auto known = target_of_master_.find(pid);
        const Key key = !labelled_ ? kOnlyTarget : known != target_of_master_.end() ? known->second : line.back();
        for (const auto each : line) target_of_master_[each] = key;
    }
    // Only now: a predecessor may have gone since the last look, but its number may be used again later.
    std::erase_if(target_of_master_, [&](const auto& known) { return !listed.contains(known.first); });
}

TargetHistory& TargetGroups::history_of(Key key, const gunicorn::Master& master) {
    const auto found = histories_.find(key);
    if (found != histories_.end()) return found->second;
    TargetHistory::Labels labels{{"app", master.app}, {"master_pid", std::to_string(key)}};
    if (const auto& container = master.container) {
        const std::array<std::pair<std::string, std::string>, 3> known{{
            {"namespace", container->kubernetes_namespace},
            {"pod", container->pod_label()},
            {"container", container->container_label()},
        }};
        for (const auto& label : known)
            if (!label.second.empty()) labels.push_back(label);
    }
    return histories_.emplace(key, TargetHistory(key, std::move(labels), http::EndpointLimit(endpoint_limit_, routes_)))
        .first->second;
}

std::vector<TargetGroups::Group> TargetGroups::update(const std::vector<gunicorn::Master>& masters) {
    assign(masters);
    std::map<Key, Masters> members;
    if (!labelled_) members[kOnlyTarget];
    for (const auto& master : masters) members[target_of_master_.at(master.pid)].push_back(&master);
    std::erase_if(histories_, [&](const auto& known) { return !members.contains(known.first); });

    std::vector<Group> groups;
    for (auto& [key, masters_of_one] : members) {
        const gunicorn::Master* named_after = nullptr; // the first master while it is listed, else any
        for (const auto* master : masters_of_one)
            if (named_after == nullptr || master->pid == key) named_after = master;
        auto& history = named_after ? history_of(key, *named_after) : histories_.at(key);
        history.update(masters_of_one);
        groups.push_back({key, &history, std::move(masters_of_one)});
    }
    return groups;
}

TargetHistory* TargetGroups::find(Key key) {
    const auto found = histories_.find(key);
    return found == histories_.end() ? nullptr : &found->second;
}

} // namespace model
