// SPDX-License-Identifier: BSD-2-Clause
// The layouts of the observed masters' Pythons: what the kernel side has to know to read exceptions of their workers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "event/event.h"
#include "gunicorn/master.h"
#include "model/snapshot.h"
#include "procfs/procfs.h"
#include "python/layout.h"
#include "python/memory.h"

namespace observer {

class LayoutRegistry {
public:
    struct Found {
        python::Address first_thread_at;                  // where the interpreter's pointer to its first thread is
        const python::Layout* layout;                     // never null
        std::optional<python::Address> ambient_exception; // as gunicorn::ambient_exception()
    };

    // `proc` must outlive this.
    explicit LayoutRegistry(const procfs::ProcFs& proc) : proc_(proc) {}

    // Looks at a master. Nothing when its Python is not known or cannot be read, which is logged once; then it is worth
    // another try, up to three, since a process that has just begun may not show all. So it is until the master is seen
    // where it waits for signals, since what it handles elsewhere may be over in a moment; up to ten tries.
    std::optional<Found> read(pid_t master);
    // The masters whose Python is to be tried again.
    std::vector<pid_t> unsettled(const std::vector<gunicorn::Master>& masters) const;
    // Drops those that have ended.
    void keep_only(const std::vector<gunicorn::Master>& masters);

    std::map<model::PythonUse, std::uint64_t> uses() const;

private:
    struct Known {
        model::PythonUse use;
        int tries = 0;
        bool waited = false; // was seen where it waits for signals

        bool settled() const;
    };

    const procfs::ProcFs& proc_;
    std::map<pid_t, Known> known_;
};

} // namespace observer
