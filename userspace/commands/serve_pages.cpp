// SPDX-License-Identifier: BSD-2-Clause
#include "commands/serve_pages.h"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "commands/live_page.h"
#include "live/live_json.h"

namespace commands {

namespace {

// A scrape waits for a fresh snapshot, which takes some milliseconds.
constexpr std::chrono::seconds kSnapshotDeadline{5};

// The result of `ask` in the loop's thread, which alone may touch what belongs to it; nullopt when the loop has ended.
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

// Taken after this call began.
Result<model::Snapshot> fresh_snapshot(const PageSources& sources) {
    auto snapshot = ask_in(sources.loop, [&observer = sources.observer, &reload = sources.reload] {
        auto taken = observer.snapshot();
        taken.self.reload = reload.state();
        return taken;
    });
    if (!snapshot) return fail("the exporter is stopping");
    return std::move(*snapshot);
}

// An order from outside.
std::function<Result<void>()> in_loop(EventLoop& loop, std::function<Result<void>()> action) {
    return [&loop, action = std::move(action)]() -> Result<void> {
        auto done = ask_in(loop, action);
        return done ? std::move(*done) : fail("the exporter is stopping");
    };
}

Result<std::string> metrics_page(const PageSources& sources, const metrics::Build& build, web::Format format) {
    TRY(auto snapshot, fresh_snapshot(sources));
    if (sources.custom != nullptr) sources.custom->add_to(snapshot);
    return metrics::page(snapshot, build,
                         format == web::Format::openmetrics ? metrics::Format::openmetrics : metrics::Format::text);
}

} // namespace

web::Pages pages(const PageSources& sources, metrics::Build build, const std::string& telemetry_path) {
    const live::Exporter exporter{.version = build.version, .instance = instance_name()};
    const auto clean_up = [&observer = sources.observer]() -> Result<void> {
        observer.clean_up();
        return {};
    };
    return {
        .metrics = [sources,
                    build = std::move(build)](web::Format format) { return metrics_page(sources, build, format); },
        .ready =
            [sources] {
                const auto snapshot = fresh_snapshot(sources);
                return snapshot && snapshot->ready;
            },
        .cleanup = in_loop(sources.loop, clean_up),
        .reload = in_loop(sources.loop, [&reload = sources.reload] { return reload.reload(); }),
        .live = [sources, exporter]() -> Result<std::string> {
            TRY(const auto snapshot, fresh_snapshot(sources));
            return live::to_json(snapshot, exporter);
        },
        .documents = live_page(telemetry_path),
    };
}

} // namespace commands
