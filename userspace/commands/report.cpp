// SPDX-License-Identifier: BSD-2-Clause
#include "commands/report.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "commands/observation.h"
#include "commands/output_file.h"
#include "commands/stack_sampling.h"
#include "commands/terminal.h"
#include "procfs/procfs.h"
#include "report/page.h"
#include "report/recording.h"
#include "trace/line.h"

namespace commands {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Clock = std::chrono::system_clock;

constexpr auto kSamplingInterval = 1s; // of memory and CPU
constexpr auto kProgressInterval = 200ms;
constexpr std::size_t kBarWidth = 24;

// How far it has come: "[########                ] 10 of 30 s, 345 requests, slowest 0.512s".
std::string progress_text(const report::Recording& recording, Clock::time_point now,
                          std::chrono::milliseconds duration) {
    const auto elapsed = std::chrono::duration<double>(now - recording.columns.began()).count();
    const auto whole = std::chrono::duration<double>(duration).count();
    const auto full = static_cast<std::size_t>(std::clamp(elapsed / whole, 0.0, 1.0) * kBarWidth);
    const auto& requests = recording.requests;
    auto text = fmt::format("[{:<{}}] {:.0f} of {:.0f} s, {} requests", std::string(full, '#'), kBarWidth, elapsed,
                            whole, requests.ended());
    if (requests.ended()) text += ", slowest " + trace::duration_text(requests.durations().at(1));
    return text;
}

report::Recorder recorder() {
    utsname system{};
    uname(&system);
    return {.version = VERSION, .host = system.nodename, .kernel = system.release};
}

Result<void> schedule(EventLoop& loop, observer::Observer& observer, report::Recording& recording, Terminal& terminal,
                      StackSampling& stacks, const ReportOptions& options) {
    if (auto added = loop.every(recording.columns.width(), [&] { recording.timeline.add(observer.snapshot()); });
        !added)
        return added;
    if (auto added = loop.every(
            kProgressInterval, [&] { terminal.show_status(progress_text(recording, Clock::now(), options.duration)); });
        !added)
        return added;
    if (auto added = when_over(loop, observer,
                               [&] {
                                   terminal.say("the observed Gunicorn has ended\n");
                                   loop.stop();
                               });
        !added)
        return added;
    if (auto added = stacks.schedule(loop, observer); !added) return added;
    return loop.every(options.duration, [&] { loop.stop(); });
}

Result<void> write(const report::Recording& recording, Clock::time_point ended, const ReportOptions& options) {
    const auto json = report::to_json(recording, recorder(), ended);
    if (options.json) return write_file(options.output, json + "\n");
    const auto page = report::page_of(json);
    if (!page) return std::unexpected(page.error());
    return write_file(options.output, *page);
}

} // namespace

Result<void> report(ReportOptions options) {
    spdlog::set_level(spdlog::level::warn);
    if (auto writable = check_writable(options.output); !writable) return writable;
    std::optional<report::Recording> begun; // once the programs are attached, which takes a while
    const procfs::ProcFs proc;
    StackSampling stacks(proc, options.stacks);
    options.observer.on_request = [&begun, &stacks](const trace::Request& request) {
        if (!begun) return;
        auto sampled = request;
        stacks.attach(sampled);
        begun->add(sampled);
    };
    auto observation = observe(
        proc, options.observer,
        {.sampling_interval = kSamplingInterval, .drained = {}, .plans = {.writes_files = options.output.name != "-"}});
    if (!observation) return std::unexpected(observation.error());
    auto& [observer, loop] = *observation;
    auto& recording = begun.emplace(Clock::now(), std::chrono::ceil<std::chrono::seconds>(options.duration));
    Terminal terminal;
    if (!observer->has_targets()) terminal.say("no Gunicorn runs here yet: waiting for one\n");
    recording.timeline.add(observer->snapshot());
    if (auto scheduled = schedule(*loop, *observer, recording, terminal, stacks, options); !scheduled) return scheduled;
    terminal.say(fmt::format("recording for {:.0f} s; Ctrl-C ends it earlier\n",
                             std::chrono::duration<double>(options.duration).count()));
    loop->run();
    observer->drain();
    const auto ended = Clock::now();
    recording.timeline.add(observer->snapshot());
    recording.lost = observer->events_lost();
    if (auto written = write(recording, ended, options); !written) return written;
    if (options.output.name != "-")
        terminal.say(fmt::format("{}: {} requests in {:.0f} s\n", options.output.name, recording.requests.ended(),
                                 std::chrono::duration<double>(ended - recording.columns.began()).count()));
    return {};
}

} // namespace commands
