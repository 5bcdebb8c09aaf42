// SPDX-License-Identifier: BSD-2-Clause
// Which masters form one target: a master, its successor by SIGUSR2, the successor's successor.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <vector>

#include "gunicorn/process_tree.h"
#include "http/route_template.h"
#include "model/target_history.h"

namespace model {

class TargetGroups {
public:
    // A target is known by its first master's pid; kOnlyTarget in the mode without target labels.
    using Key = pid_t;
    static constexpr Key kOnlyTarget = 0;

    // `labelled`: append app and master_pid to each target. False when exactly one --pid was given: then there is
    // one target always, whatever the list of masters.
    TargetGroups(bool labelled, std::size_t endpoint_limit, std::vector<http::RouteTemplate> routes);

    struct Group {
        Key key;
        TargetHistory* history; // valid until the next update()
        Masters masters;
    };

    // One group for each target, in order of key. `masters` has to outlive the use of the result. A target ends when
    // none of its masters is listed any more.
    std::vector<Group> update(const std::vector<gunicorn::Master>& masters);

    // nullopt if there is no such target (any more).
    TargetHistory* find(Key key);

private:
    void assign(const std::vector<gunicorn::Master>& masters);
    TargetHistory& history_of(Key key, const gunicorn::Master& master);

    bool labelled_;
    std::size_t endpoint_limit_;
    std::vector<http::RouteTemplate> routes_;
    std::map<Key, TargetHistory> histories_;
    std::map<pid_t, Key> target_of_master_;
};

} // namespace model
