// SPDX-License-Identifier: BSD-2-Clause
// Records for a while, and writes one page to look at.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "commands/command.h"
#include "commands/observation.h"
#include "commands/observer_options.h"
#include "commands/output_file.h"
#include "commands/stack_sampling.h"
#include "commands/terminal.h"
#include "procfs/procfs.h"
#include "report/page.h"
#include "report/recording.h"
#include "trace/line.h"

namespace commands {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

constexpr auto kSamplingInterval = 1s; // of memory and CPU
constexpr auto kProgressInterval = 200ms;
constexpr std::size_t kBarWidth = 24;
constexpr auto kMaxDuration = 24h;
constexpr auto kDefaultOutput = "gunicorn-report.html";

struct ReportOptions {
    ObserverOptions observer;
    StackOptions stacks{.wanted = true, .interval = 10ms};
    std::chrono::milliseconds duration{30'000};
    std::string output; // as given, or empty
    bool json = false;  // the recording itself, in place of a page

    OutputFile output_file() const {
        return {.name = !output.empty() ? output : json ? "-" : kDefaultOutput, .option = "--output"};
    }
};

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

report::Origin origin() {
    utsname system{};
    uname(&system);
    return {.version = VERSION, .host = system.nodename, .kernel = system.release};
}

Result<void> schedule(EventLoop& loop, observer::Observer& observer, report::Recording& recording, Terminal& terminal,
                      StackSampling& stacks, const ReportOptions& options) {
    TRY_VOID(loop.every(recording.columns.width(), [&] { recording.timeline.add(observer.snapshot()); }));
    TRY_VOID(loop.every(kProgressInterval,
                        [&] { terminal.show_status(progress_text(recording, Clock::now(), options.duration)); }));
    TRY_VOID(when_over(loop, observer, [&] {
        terminal.say("the observed Gunicorn has ended\n");
        loop.stop();
    }));
    TRY_VOID(stacks.schedule(loop, observer));
    return loop.every(options.duration, [&] { loop.stop(); });
}

Result<void> write_recording(const report::Recording& recording, Clock::time_point ended,
                             const ReportOptions& options) {
    const auto json = report::to_json(recording, origin(), ended);
    if (options.json) return write_file(options.output_file(), json + "\n");
    TRY(const auto page, report::page_of(json));
    return write_file(options.output_file(), page);
}

// Records until the time is over, it is told to stop, or the last Gunicorn has ended, and writes what it has. An
// existing file is replaced only by a whole one. Errors: it cannot observe, or the file cannot be written.
Result<int> run_report(const ReportOptions& options) {
    spdlog::set_level(spdlog::level::warn);
    const auto output = options.output_file();
    TRY_VOID(check_writable(output));
    std::optional<report::Recording> begun; // once the programs are attached, which takes a while
    const procfs::ProcFs proc;
    StackSampling stacks(proc, options.stacks);
    auto observed = options.observer.resolved();
    observed.on_request = [&begun, &stacks](const trace::Request& request) {
        if (!begun) return;
        auto sampled = request;
        stacks.attach(sampled);
        begun->add(sampled);
    };
    TRY(const auto observation,
        observe(
            proc, std::move(observed),
            {.sampling_interval = kSamplingInterval, .drained = {}, .plans = {.writes_files = output.name != "-"}}));
    const auto& [observer, loop] = observation;
    auto& recording = begun.emplace(Clock::now(), std::chrono::ceil<std::chrono::seconds>(options.duration));
    Terminal terminal;
    if (!observer->has_targets()) terminal.say("no Gunicorn runs here yet: waiting for one\n");
    recording.timeline.add(observer->snapshot());
    TRY_VOID(schedule(*loop, *observer, recording, terminal, stacks, options));
    terminal.say(fmt::format("recording for {:.0f} s (Ctrl-C to stop earlier)\n",
                             std::chrono::duration<double>(options.duration).count()));
    TRY_VOID(loop->run());
    observer->drain();
    const auto ended = Clock::now();
    recording.timeline.add(observer->snapshot());
    recording.lost = observer->events_lost();
    TRY_VOID(write_recording(recording, ended, options));
    if (output.name != "-")
        terminal.say(fmt::format("{}: {} requests in {:.0f} s\n", output.name, recording.requests.ended(),
                                 std::chrono::duration<double>(ended - recording.columns.began()).count()));
    return 0;
}

} // namespace

Command report_command() {
    const auto options = std::make_shared<ReportOptions>();
    std::vector<Option> own{
        {.name = "duration",
         .group = "When to end",
         .purpose = "How long to record (1s to 24h); Ctrl-C stops it earlier",
         .target = Duration(options->duration, 1s, kMaxDuration)},
        {.name = "stacks",
         .group = "Python stacks",
         .purpose = "Sample the Python stack of each request while it is served",
         .target = &options->stacks.wanted,
         .negatable = true},
        {.name = "stack-interval",
         .group = "Python stacks",
         .purpose = "Time between two samples of a stack",
         .target = Duration(options->stacks.interval, 1ms, 1s)},
        {.name = "output",
         .group = "Output",
         .purpose = "The file to write; - is standard output, which --json uses by default",
         .target = &options->output,
         .value = "FILE",
         .preset = kDefaultOutput,
         .letter = 'o'},
        {.name = "json",
         .group = "Output",
         .purpose = "Write the recording as a JSON object instead of a page",
         .target = &options->json},
    };
    return {.name = "report",
            .purpose = "Record for a while and write one self-contained HTML file",
            .options = with_observer_options(options->observer, std::move(own)),
            .run = [options] { return run_report(*options); }};
}

} // namespace commands
