// SPDX-License-Identifier: BSD-2-Clause
#include "commands/serve.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "commands/custom_metrics.h"
#include "commands/event_loop.h"
#include "commands/live_page.h"
#include "commands/observation.h"
#include "commands/service_manager.h"
#include "commands/web_reload.h"
#include "live/live_json.h"
#include "metrics/page.h"
#include "observer/observer.h"
#include "probe/probe.h"
#include "procfs/procfs.h"
#include "web/server.h"

namespace commands {

namespace {

using std::chrono_literals::operator""s;

constexpr auto kLookInterval = 5s;
// A scrape waits for a fresh snapshot, which takes some milliseconds.
constexpr auto kSnapshotDeadline = 5s;

metrics::Build describe_build() {
    utsname system{};
    uname(&system);
    return {.version = VERSION, .libbpf = probe::libbpf_version(), .kernel = system.release};
}

// What `ask` says in the loop's thread, which alone may touch what belongs to it. Nothing when the loop has ended.
template <typename Ask> auto ask_in(EventLoop& loop, Ask ask) -> std::optional<decltype(ask())> {
    using Value = decltype(ask());
    auto promise = std::make_shared<std::promise<Value>>();
    auto future = promise->get_future();
    if (!loop.call([promise, ask = std::move(ask)] { promise->set_value(ask()); })) return std::nullopt;
    if (future.wait_for(kSnapshotDeadline) != std::future_status::ready) return std::nullopt;
    try {
        return future.get();
    } catch (const std::future_error&) { // the loop ended before it came to this call
        return std::nullopt;
    }
}

// A snapshot taken after this call began.
std::optional<model::Snapshot> fresh_snapshot(EventLoop& loop, observer::Observer& observer, const WebReload& reload) {
    return ask_in(loop, [&observer, &reload] {
        auto snapshot = observer.snapshot();
        snapshot.self.reload = reload.state();
        return snapshot;
    });
}

// An order from outside.
std::function<Result<void>()> in_loop(EventLoop& loop, std::function<Result<void>()> carry_out) {
    return [&loop, carry_out = std::move(carry_out)]() -> Result<void> {
        auto done = ask_in(loop, carry_out);
        return done ? std::move(*done) : fail("the exporter is stopping");
    };
}

// `custom` may be null.
web::Pages pages(EventLoop& loop, observer::Observer& observer, WebReload& reload, metrics::Build build,
                 const std::string& telemetry_path, CustomMetrics* custom) {
    const live::Exporter exporter{.version = build.version, .instance = instance_name()};
    return {
        .metrics = [&loop, &observer, &reload, build, custom](web::Format format) -> Result<std::string> {
            auto snapshot = fresh_snapshot(loop, observer, reload);
            if (!snapshot) return fail("the exporter is stopping");
            if (custom != nullptr) custom->add_to(*snapshot);
            return metrics::page(*snapshot, build,
                                 format == web::Format::openmetrics ? metrics::Format::openmetrics
                                                                    : metrics::Format::text);
        },
        .ready =
            [&loop, &observer, &reload] {
                const auto snapshot = fresh_snapshot(loop, observer, reload);
                return snapshot && snapshot->ready;
            },
        .cleanup = in_loop(loop,
                           [&observer]() -> Result<void> {
                               observer.clean_up();
                               return {};
                           }),
        .reload = in_loop(loop, [&reload] { return reload.reload(); }),
        .live = [&loop, &observer, &reload, exporter]() -> Result<std::string> {
            const auto snapshot = fresh_snapshot(loop, observer, reload);
            if (!snapshot) return fail("the exporter is stopping");
            return live::to_json(*snapshot, exporter);
        },
        .documents = live_page(telemetry_path),
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

// Only a loop that turns tells systemd that the service is alive.
Result<void> feed_watchdog(EventLoop& loop, const ServiceManager& systemd) {
    const auto interval = systemd.watchdog();
    if (!interval) return {};
    return loop.every(*interval, [&systemd] { systemd.alive(); });
}

void announce(const ServeOptions& options, const web::Server& server, const model::Snapshot& snapshot,
              const ServiceManager& systemd) {
    std::size_t workers = 0;
    for (const auto& target : snapshot.targets) workers += target.workers.size();
    spdlog::info("observing {} Gunicorn {} with {} workers", snapshot.targets.size(),
                 snapshot.targets.size() == 1 ? "master" : "masters", workers);
    const auto url = [&](const std::string& address) {
        return fmt::format("{}://{}{}", server.has_tls() ? "https" : "http", address, options.web.telemetry_path);
    };
    systemd.ready(fmt::format("serving {}", url(server.addresses().front())));
    for (const auto& address : server.addresses()) spdlog::info("listening on {}", url(address));
}

} // namespace

Result<void> serve(const ServeOptions& options) {
    spdlog::set_level(spdlog::level::from_str(options.log_level));
    WebReload reload(options.web_config_file);
    auto protection = reload.load();
    if (!protection) return std::unexpected(protection.error());
    const procfs::ProcFs proc;
    auto observation =
        observe(proc, options.observer,
                {.sampling_interval = options.sampling_interval, .drained = {}, .plans = {.listens = true}});
    if (!observation) return std::unexpected(observation.error());
    auto& [observer, loop] = *observation;
    const ServiceManager systemd;
    Farewell farewell(*loop, *observer, options.observer.retention);
    loop->on_hangup([&] { static_cast<void>(reload.reload()); }); // it tells the log
    const auto look = [&] {
        farewell.look();
        reload.look();
    };
    if (auto added = loop->every(kLookInterval, look); !added) return added;
    if (auto fed = feed_watchdog(*loop, systemd); !fed) return fed;
    std::optional<CustomMetrics> custom;
    if (options.custom_metrics) custom.emplace(proc);
    auto server = web::Server::start(
        options.web,
        pages(*loop, *observer, reload, describe_build(), options.web.telemetry_path, custom ? &*custom : nullptr),
        std::move(*protection));
    if (!server) return std::unexpected(server.error());
    reload.attach(*server);
    announce(options, *server, observer->snapshot(), systemd);
    loop->run();
    systemd.stopping();
    return {};
}

} // namespace commands
