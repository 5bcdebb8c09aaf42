// SPDX-License-Identifier: BSD-2-Clause
// Serves metrics until it is told to stop: what the program does without a command.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <chrono>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/command.h"
#include "commands/custom_metrics.h"
#include "commands/event_loop.h"
#include "commands/observation.h"
#include "commands/observer_options.h"
#include "commands/serve_pages.h"
#include "commands/service_manager.h"
#include "commands/web_reload.h"
#include "metrics/page.h"
#include "observer/observer.h"
#include "probe/probe.h"
#include "procfs/procfs.h"
#include "terminal/printable.h"
#include "web/server.h"

namespace commands {

namespace {

using namespace std::chrono_literals;

constexpr auto kLookInterval = 5s;

struct ServeOptions {
    ObserverOptions observer;
    web::Options web;
    std::string web_config_file; // empty: neither TLS nor passwords
    std::chrono::milliseconds sampling_interval{2000};
    bool custom_metrics = true; // the application's own
    std::string log_level = "info";
};
metrics::Build describe_build() {
    utsname system{};
    uname(&system);
    return {.version = VERSION, .libbpf = probe::libbpf_version(), .kernel = system.release};
}

// With --pid: says so once when the last target has ended, and stops when its retention time is over.
class TargetExitWatcher {
public:
    TargetExitWatcher(EventLoop& loop, const observer::Observer& observer, std::chrono::seconds retention)
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

void announce_targets(const std::vector<model::Target>& targets) {
    constexpr std::size_t kNamed = 20;
    if (targets.empty()) spdlog::info("no Gunicorn is running; one that starts is found within seconds");
    for (const auto& target : targets | std::views::take(kNamed)) {
        const auto app = target.facts.find("app");
        spdlog::info("observing {} (master {}) with {} workers",
                     app == target.facts.end() ? "a Gunicorn" : terminal::printable(app->second), target.master_pid,
                     target.workers.size());
    }
    if (targets.size() > kNamed) spdlog::info("observing {} more Gunicorns", targets.size() - kNamed);
}

void announce(const ServeOptions& options, const web::Server& server, const model::Snapshot& snapshot,
              const ServiceManager& systemd) {
    announce_targets(snapshot.targets);
    const auto url = [&](const std::string& address, std::string_view path) {
        return fmt::format("{}://{}{}", server.has_tls() ? "https" : "http", address, path);
    };
    systemd.ready(fmt::format("serving {}", url(server.addresses().front(), options.web.telemetry_path)));
    for (const auto& address : server.addresses())
        spdlog::info("listening on {} (live page: {})", url(address, options.web.telemetry_path), url(address, "/"));
}

// Returns after SIGTERM or SIGINT, or when all processes named by --pid are gone and past their retention time. Then,
// as after an error, nothing is attached any more.
Result<int> run_serve(const ServeOptions& options) {
    if (options.observer.options.unlogged_exceptions && !options.observer.options.exceptions)
        return fail("--python-unlogged needs --collector.exceptions");
    spdlog::set_level(spdlog::level::from_str(options.log_level));
    WebReload reload(options.web_config_file);
    TRY(auto protection, reload.load());
    const procfs::ProcFs proc;
    TRY(const auto observation,
        observe(proc, options.observer.resolved(),
                {.sampling_interval = options.sampling_interval, .drained = {}, .plans = {.listens = true}}));
    const auto& [observer, loop] = observation;
    const ServiceManager systemd;
    TargetExitWatcher target_exit(*loop, *observer, options.observer.options.retention);
    loop->on_hangup([&] { static_cast<void>(reload.reload()); }); // it logs how that went
    TRY_VOID(loop->every(kLookInterval, [&] {
        target_exit.look();
        reload.look();
    }));
    TRY_VOID(feed_watchdog(*loop, systemd));
    std::optional<CustomMetrics> custom;
    if (options.custom_metrics) custom.emplace(proc);
    const PageSources sources{*loop, *observer, reload, custom ? &*custom : nullptr};
    TRY(auto server, web::Server::start(options.web, pages(sources, describe_build(), options.web.telemetry_path),
                                        std::move(protection)));
    reload.attach(server);
    announce(options, server, observer->snapshot(), systemd);
    const auto ended = loop->run();
    systemd.stopping();
    TRY_VOID(ended);
    return 0;
}

Option collector(const std::string& name, bool& target, std::string purpose) {
    return {.name = "collector." + name,
            .group = "What to measure",
            .purpose = std::move(purpose),
            .target = &target,
            .negatable = true};
}

std::vector<Option> measurement_options(ServeOptions& options) {
    auto& observed = options.observer.options;
    auto& measured = observed.measured;
    return {
        {.name = "routes",
         .group = "What to measure",
         .purpose = "Count every request by method, endpoint and status, not only the failed ones, with durations",
         .target = &measured.routes},
        collector("activity", measured.activity,
                  "Busy time, requests in flight, open connections, streams, WebSockets"),
        collector("waits", measured.waits, "How long connections wait for accept() and to be read"),
        collector("backlog", measured.backlog, "How many connections wait in each listener"),
        collector("sizes", measured.sizes, "Sizes of requests and responses, time to first byte"),
        collector("exceptions", observed.exceptions, "The class of the exception behind an error"),
        collector("custom", options.custom_metrics,
                  "The application's own metrics, kept by the Python client in multiprocess mode"),
        collector("gc", observed.collector,
                  "Pauses of Python's garbage collector, where the interpreter has USDT probes"),
        {.name = "python-unlogged",
         .group = "What to measure",
         .purpose = "Also see exceptions that are not logged, by a probe in the interpreter: up to 20 % more CPU time "
                    "for applications that raise many; affects every process that uses the same interpreter binary",
         .target = &observed.unlogged_exceptions},
        {.name = "python-imports",
         .group = "What to measure",
         .purpose = "How long workers import modules, where the interpreter has USDT probes",
         .target = &observed.imports},
    };
}

std::vector<Option> web_options(ServeOptions& options) {
    return {
        {.name = "web.listen-address",
         .group = "Web",
         .purpose = "Where to serve: host:port, [::1]:port, or :port for every interface. May be repeated",
         .target = &options.web.listen_addresses},
        {.name = "web.telemetry-path",
         .group = "Web",
         .purpose = "Path of the metrics",
         .target = &options.web.telemetry_path},
        {.name = "web.config.file",
         .group = "Web",
         .purpose = "TLS, client certificates, passwords and headers, in the format of Prometheus' exporters. Read "
                    "again on SIGHUP, and when it or a certificate changes",
         .target = &options.web_config_file},
        {.name = "web.enable-lifecycle",
         .group = "Web",
         .purpose = "Allow POST /-/cleanup, which drops the series of dead workers, and POST /-/reload",
         .target = &options.web.lifecycle},
    };
}

std::vector<Option> other_options(ServeOptions& options) {
    return {
        {.name = "sampling-interval",
         .group = "Sampling",
         .purpose = "How often memory, CPU and open files are read (100ms to 1h)",
         .target = Duration(options.sampling_interval, 100ms, 1h)},
        {.name = "retention",
         .group = "Sampling",
         .purpose = "How long the counters of an ended worker stay (0s to 24h)",
         .target = Duration(options.observer.options.retention, 0s, 24h)},
        {.name = "log-level",
         .group = "Logging",
         .purpose = "What to log to standard error",
         .target = Choice{&options.log_level, {"debug", "info", "warn", "error", "off"}}},
    };
}

} // namespace

Command serve_command() {
    const auto options = std::make_shared<ServeOptions>();
    auto own = measurement_options(*options);
    for (const auto& more : {web_options(*options), other_options(*options)})
        own.insert(own.end(), more.begin(), more.end());
    return {.name = "",
            .purpose = "Observe Gunicorn with eBPF, without instrumenting the application: exact per-worker Prometheus "
                       "metrics.",
            .options = with_observer_options(options->observer, std::move(own)),
            .run = [options] { return run_serve(*options); }};
}

} // namespace commands
