// SPDX-License-Identifier: BSD-2-Clause
#include "commands/serve.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <future>
#include <memory>
#include <string>

#include "commands/event_loop.h"
#include "commands/preflight.h"
#include "metrics/families.h"
#include "metrics/openmetrics_writer.h"
#include "metrics/text_writer.h"
#include "observer/observer.h"
#include "probe/probe.h"
#include "procfs/procfs.h"
#include "web/server.h"

namespace commands {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// Records wait in the ring for at most so long, and new processes for being recognised.
constexpr auto kDrainInterval = 50ms;
constexpr auto kTidyInterval = 5s;
// A scrape waits for a fresh snapshot, which takes some milliseconds.
constexpr auto kSnapshotDeadline = 5s;

metrics::Build describe_build() {
    utsname system{};
    uname(&system);
    return {.version = VERSION, .libbpf = probe::libbpf_version(), .kernel = system.release};
}

// A snapshot taken after this call began, by the loop's thread.
std::optional<model::Snapshot> fresh_snapshot(EventLoop& loop, observer::Observer& observer) {
    auto promise = std::make_shared<std::promise<model::Snapshot>>();
    auto future = promise->get_future();
    if (!loop.call([promise, &observer] { promise->set_value(observer.snapshot()); })) return std::nullopt;
    if (future.wait_for(kSnapshotDeadline) != std::future_status::ready) return std::nullopt;
    try {
        return future.get();
    } catch (const std::future_error&) { // the loop ended before it came to this call
        return std::nullopt;
    }
}

web::Pages pages(EventLoop& loop, observer::Observer& observer, metrics::Build build) {
    return {
        .metrics = [&loop, &observer, build](web::Format format) -> Result<std::string> {
            const auto snapshot = fresh_snapshot(loop, observer);
            if (!snapshot) return fail("the exporter is stopping");
            const auto families = metrics::families(*snapshot, build);
            return format == web::Format::openmetrics ? metrics::OpenMetricsWriter().Serialize(families)
                                                      : metrics::TextWriter().Serialize(families);
        },
        .ready =
            [&loop, &observer] {
                const auto snapshot = fresh_snapshot(loop, observer);
                return snapshot && snapshot->ready;
            },
    };
}

// With --pid: says so once when the last target has ended, and stops when its retention time is over.
class Farewell {
public:
    Farewell(EventLoop& loop, const observer::Observer& observer, std::chrono::seconds retention)
        : loop_(loop), observer_(observer), retention_(retention) {}

    void look() {
        if (!observer_.targets_gone()) return;
        if (!announced_) {
            spdlog::info("the observed Gunicorn has ended; its counters are served for another {} s",
                         retention_.count());
            announced_ = true;
        }
        if (!observer_.nothing_left()) return;
        spdlog::info("the observed Gunicorn has ended and its retention time is over: nothing left to serve");
        loop_.stop();
    }

private:
    EventLoop& loop_;
    const observer::Observer& observer_;
    std::chrono::seconds retention_;
    bool announced_ = false;
};

Result<void> schedule(EventLoop& loop, observer::Observer& observer, Farewell& farewell, const ServeOptions& options) {
    if (auto added = loop.on_readable(observer.ring_fd(), [&] { observer.drain(); }); !added) return added;
    if (auto added = loop.every(kDrainInterval, [&] { observer.drain(); }); !added) return added;
    if (auto added = loop.every(options.sampling_interval, [&] { observer.sample(); }); !added) return added;
    return loop.every(kTidyInterval, [&] {
        observer.tidy();
        farewell.look();
    });
}

void announce(const ServeOptions& options, const web::Server& server, const model::Snapshot& snapshot) {
    std::size_t workers = 0;
    for (const auto& target : snapshot.targets) workers += target.workers.size();
    spdlog::info("observing {} Gunicorn {} with {} workers", snapshot.targets.size(),
                 snapshot.targets.size() == 1 ? "master" : "masters", workers);
    spdlog::info("listening on http://{}{}", server.address(), options.web.telemetry_path);
}

} // namespace

Result<void> serve(const ServeOptions& options) {
    spdlog::set_level(spdlog::level::from_str(options.log_level));
    const procfs::ProcFs proc;
    if (auto allowed = preflight(proc); !allowed) return allowed;
    auto loop = EventLoop::create();
    if (!loop) return std::unexpected(loop.error());
    auto observer = observer::Observer::start(proc, options.observer);
    if (!observer) return std::unexpected(observer.error());
    Farewell farewell(**loop, **observer, options.observer.retention);
    if (auto scheduled = schedule(**loop, **observer, farewell, options); !scheduled) return scheduled;
    auto server = web::Server::start(options.web, pages(**loop, **observer, describe_build()));
    if (!server) return std::unexpected(server.error());
    announce(options, *server, (*observer)->snapshot());
    (*loop)->run();
    return {};
}

} // namespace commands
