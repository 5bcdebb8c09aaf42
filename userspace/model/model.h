// SPDX-License-Identifier: BSD-2-Clause
// Puts together what kernel, /proc and process tree know of each worker. One thread calls it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "event/event.h"
#include "event/totals.h"
#include "gunicorn/process_tree.h"
#include "http/endpoint.h"
#include "http/endpoint_limit.h"
#include "http/request_line.h"
#include "model/exception_matcher.h"
#include "model/failed_responses.h"
#include "model/route_records.h"
#include "model/sampler.h"
#include "model/snapshot.h"
#include "model/target_groups.h"
#include "model/unexplained.h"

namespace model {

struct Options {
    bool target_labels = true; // false when exactly one --pid was given
    http::EndpointFolding endpoints;
    std::size_t endpoint_limit = 200;    // distinct endpoints per target
    std::chrono::seconds retention{300}; // for how long counts of workers that have ended are kept
    long clock_ticks_per_second = 100;   // unit of Worker::start_ticks: sysconf(_SC_CLK_TCK)
    Measured measured;
};

// One listening socket of a master's, or of one of its workers'.
struct ListenerReading {
    pid_t master;
    std::uint64_t inode;
    std::string name;
    Listener state;
};

// Method and path, as the record has them.
http::RequestLine request_line_of(const event::Responded& event);

struct Moment {
    std::chrono::system_clock::time_point wall;
    std::chrono::nanoseconds since_boot;                 // CLOCK_BOOTTIME, as /proc/<pid>/stat counts
    event::KernelTime kernel = event::KernelTime::max(); // CLOCK_MONOTONIC, as records have it
};

class Model {
public:
    explicit Model(Options options);

    // A record. Those of status < 400 matter to routes only: the kernel's counts have them. The slot's worker need not
    // be in the tree yet: what it does before it is recognised is kept and published once it is.
    // Returns the type of the exception behind it, as it is labelled; empty: none, or not known.
    std::string on(const event::Responded& event);
    // A request without a response; counts as an error if an exception ended it.
    std::string on(const event::Aborted& event);

    // What may turn out to be the cause of a response that comes later.
    void on(const event::Logged& event);

    // Method and endpoint as they are labelled. Does not take up one of the endpoints.
    RouteKey route_of(const event::Responded& event) const;

    // The kernel's counts of a slot. For exact sums: first read and set the totals of all slots, then drain the
    // ring buffer into on(), then take a snapshot (see answers.h).
    void set_totals(event::Slot slot, event::Totals totals);

    // A reading of /proc. What is absent is unknown at present; the time that a worker has used stays what it was.
    void set_sample(const Sample& sample);

    // Likewise, all that is known of masters.
    void set_masters(std::vector<MasterSample> samples) { masters_ = std::move(samples); }

    // How full the listeners are.
    void set_listeners(std::vector<ListenerReading> readings) { listeners_ = std::move(readings); }

    // Where routes are measured: to be called several times a second, after set_totals() and then on() as for a
    // snapshot, so that records do not pile up until one is asked for.
    void settle_routes(const std::vector<gunicorn::Master>& masters);

    // How long ago each worker touched its heartbeat file, by slot. Of those that are not in it nothing is known.
    void set_heartbeats(std::map<event::Slot, std::chrono::nanoseconds> ages) { heartbeats_ = std::move(ages); }

    // The slot is about to be released: it may be given to another process. What is known of its worker is kept from
    // now on, and found by gunicorn::Worker::retained, which is the result. 0: nothing is known.
    std::uint64_t retain(event::Slot slot);
    // A worker's series end. `known`: its slot or, once that is released, what retain() returned.
    void forget(std::uint64_t known);

    // What is known now. `masters` is ProcessTree::masters().
    Snapshot snapshot(const std::vector<gunicorn::Master>& masters, Moment now, bool ready, SelfReport self);

private:
    // What is known of the process in one slot.
    struct Observed {
        pid_t pid = 0; // 0 until a record or the tree tells
        std::optional<TargetGroups::Key> target;
        std::optional<http::EndpointLimit> limit; // its own, until its target is known
        std::optional<event::Totals> totals;
        FailedResponses answers;
        ExceptionMatcher matcher;
        Unexplained unexplained;
        std::set<std::string> error_types; // as published
        RouteRecords routes;
        Sample sample;
        std::optional<CpuTime> cpu_time; // the last one that was sampled
    };

    Observed* observed_of(event::Slot slot, pid_t pid);
    Observed* observed_of(const gunicorn::Worker& worker);
    http::EndpointLimit& limit_of(Observed& observed);
    static void add_error(Observed& observed, const Unexplained::Response& response, std::string type);
    static std::string admit_error(Observed& observed, std::string type);
    void adopt(Observed& observed, const gunicorn::Worker& worker, const TargetGroups::Group& group);
    void add_listeners(Target& target, const TargetGroups::Group& group) const;
    void settle(Observed& observed, TargetHistory& history, event::KernelTime now);
    ProcessUse use_of_master(const Masters& masters) const;
    Worker describe(const gunicorn::Worker& worker, const TargetGroups::Group& group, Moment now);
    WorkerGauges gauges_of(const gunicorn::Worker& worker, const Observed* observed, Moment now) const;

    Options options_;
    std::map<event::Slot, std::chrono::nanoseconds> heartbeats_;
    std::vector<ListenerReading> listeners_;
    std::vector<MasterSample> masters_;
    TargetGroups targets_;
    std::map<std::uint64_t, Observed> observed_; // by slot, or above all slots by what retain() returned
    std::chrono::nanoseconds now_{0};            // since boot, of the last snapshot
    std::uint64_t last_retained_ = std::numeric_limits<event::Slot>::max();
};

} // namespace model
