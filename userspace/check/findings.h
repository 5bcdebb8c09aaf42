// SPDX-License-Identifier: BSD-2-Clause
// What `check` found out: plain values, for a person (text.h) and for a program (json.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "event/probe_report.h"

namespace check {

// fine; limited: works without it, but something is missing, or could not be looked at; fatal: serving would not work.
enum class Mark { fine, limited, fatal };

// One thing about the machine or about the privileges.
struct Finding {
    std::string name; // stable, for programs: "kernel", "CAP_BPF"
    Mark mark = Mark::fine;
    std::string value;  // what was found
    std::string effect; // what follows from it, or what it takes away; empty when nothing does
};

struct WorkerFound {
    pid_t pid = 0;
    std::string id;         // as in the metrics; empty: not known
    std::string age_source; // "arbiter", "fork_order"
};

struct ListenerFound {
    std::string address; // as Gunicorn writes it
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> waiting;
};

struct PythonFound {
    std::string version; // "3.11.2"; empty: not known
    std::string path;    // of libpython or of the program, as the process sees it; empty: not known
    std::optional<bool> shared_library;
    std::optional<bool> free_threaded;
    std::optional<bool> usdt_probes;
    std::string layout;       // "ok", "unsupported", "failed"
    std::string layout_error; // why not "ok"
};

struct TlsFound {
    std::string library; // path of the one that is loaded; empty: none
    std::string used;    // by Gunicorn itself: "yes", "no", "unknown"
};

struct Measure {
    std::string name; // "requests"
    enum class State { yes, partly, no } state = State::yes;
    std::string why; // empty where it is measured without more to say
};

struct GunicornFound {
    pid_t master_pid = 0;
    std::string app;                 // empty: not known
    std::string version;             // likewise
    std::string version_source;      // "memory", "dist-info"
    std::string worker_class;        // empty: not known
    std::string worker_class_source; // "memory", "command_line", "modules"
    std::vector<WorkerFound> workers;
    PythonFound python;
    TlsFound tls;
    std::vector<ListenerFound> listeners;
    std::map<std::string, std::string> container; // container, pod, namespace; what is known
    std::vector<Measure> measures;
};

struct Findings {
    std::string version; // of this program
    std::vector<Finding> machine;
    std::vector<event::ProgramCheck> programs; // empty: not tried
    std::vector<GunicornFound> gunicorns;
    std::string programs_untried;         // why
    std::vector<std::string> reasons;     // why serving would not work; empty: it would
    std::vector<std::string> unlooked_at; // what the privileges did not allow to look at

    bool serving_would_work() const { return reasons.empty(); }
};

} // namespace check
