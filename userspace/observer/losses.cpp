// SPDX-License-Identifier: BSD-2-Clause
#include "observer/losses.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace observer {
namespace {

struct Remedy {
    std::string_view reason;
    std::string_view text;
};

constexpr std::array<Remedy, 25> kRemedies = {{
    {"ring_full", "records were not read in time, so labels are missing; give the exporter more CPU time"},
    {"processes_full", "a worker is not observed; raise --max-processes"},
    {"connections_full", "requests of a connection are not counted; raise --max-connections"},
    {"pipeline_full", "labels of pipelined requests are missing; their counts are right"},
    {"parse_budget", "the place within one message was lost; look at the client if it happens often"},
    {"request_end",
     "labels of pipelined requests are missing behind one that servers read differently; their counts are right"},
    {"unreadable_buffer", "the rest of a connection is not counted; look for memory pressure"},
    {"unreadable_message", "the rest of a connection is not counted; look for memory pressure"},
    {"unsupported_syscall", "the rest of a connection is not counted; no server of Gunicorn's does this"},
    {"32bit_syscall", "what a process does by 32-bit system calls is not counted; run it as a 64-bit program"},
    {"framing", "the rest of a connection is not counted; report which application does this"},
    {"pid_range", "a process is not observed since kernel.pid_max was raised; restart the exporter"},
    {"listeners_full", "a listener is not observed; one process may have 32 of them"},
    {"threads_full", "requests have no breakdown; narrow down with --pid"},
    {"arrivals_full", "waits for accept() on unix sockets are missing; look for clients that hang in connect()"},
    {"python_walk",
     "an error type is unknown; a process has more than 1,024 threads (256 before Linux 5.17) or 256 frames"},
    {"gc_full", "pauses by the garbage collector are missing; look for thousands of threads"},
    {"imports_full", "import times are missing; look for thousands of threads"},
    {"preempted", "the place within one message was lost, which is rare; run the kernel without full preemption"},
    {"raises_full", "an error type is unknown; look for thousands of exceptions during one request"},
    {"foreign_writer",
     "how requests were answered is not known; a process that is no child of the worker was given their connections"},
    {"io_uring", "how requests were answered is not known; let the application write to its clients by system calls"},
    {"totals_torn", "counts of a worker could not be read at one moment; give the exporter more CPU time"},
    {"dead_workers_dropped", "series of ended workers ended early; look for a crash loop, or lower --retention"},
    {"traces_dropped", "requests are missing from the trace; narrow down with --pid"},
}};

} // namespace

std::string_view remedy_for(std::string_view reason) {
    const auto known = std::ranges::find(kRemedies, reason, &Remedy::reason);
    return known == kRemedies.end() ? "see docs/reference/events-lost.md" : known->text;
}

void Losses::log_new(const Counts& counts) {
    for (const auto& [reason, count] : counts) {
        if (count == 0 || !logged_.insert(reason).second) continue;
        spdlog::warn("lost events ({}): {}", reason, remedy_for(reason));
    }
}

} // namespace observer
