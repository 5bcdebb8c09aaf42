// SPDX-License-Identifier: BSD-2-Clause
// Which probes are attached to the files of the interpreters that the observed masters run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

#include "gunicorn/master.h"
#include "model/snapshot.h"
#include "probe/probe.h"
#include "procfs/procfs.h"
#include "python/interpreter.h"

namespace observer {

// The probes that are wanted, or that are attached.
struct PythonProbes {
    bool raises = false;
    bool collections = false;
    bool imports = false;

    bool any() const { return raises || collections || imports; }
};

class ProbeRegistry {
public:
    // `proc` and `probe` must outlive this.
    ProbeRegistry(const procfs::ProcFs& proc, probe::Probe& probe, PythonProbes wanted)
        : proc_(proc), probe_(probe), wanted_(wanted) {}

    // Attaches what is wanted to the file that the master runs, unless it is there already, and says what is attached.
    // What cannot be is logged once for each file.
    PythonProbes attach(pid_t master);
    // What is, or was as long as it lived.
    PythonProbes of(pid_t master) const;
    // Whether its worker that began at `start_ticks` (procfs::Stat) met them from its first instruction on.
    bool since_birth(pid_t master, std::uint64_t start_ticks) const;
    // Detaches from files that no living master runs, and drops masters that are not in the list.
    void keep_only(const std::vector<gunicorn::Master>& masters);

    std::map<model::PythonProbeUse, std::uint64_t> uses() const;

private:
    using File = probe::MappedFile; // attached once, in however many containers it is
    struct Attached {
        PythonProbes probes;
        std::uint64_t since_ticks = 0; // when all of them were there; comparable with procfs::Stat::start_ticks
        std::vector<probe::PythonProbeId> ids;
    };
    struct Known {
        File file;
        PythonProbes probes;
        std::uint64_t since_ticks = 0;
        bool alive = true;
    };

    Attached attach_to(pid_t master, const python::Binary& binary);
    bool attach_one(pid_t master, Attached& to, const python::Binary& binary, probe::PythonProbe which);

    const procfs::ProcFs& proc_;
    probe::Probe& probe_;
    PythonProbes wanted_;
    std::map<File, Attached> files_;
    std::map<pid_t, Known> masters_;
};

} // namespace observer
