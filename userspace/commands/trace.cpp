// SPDX-License-Identifier: BSD-2-Clause
// Requests as they end, with where their time went.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "commands/command.h"
#include "commands/event_loop.h"
#include "commands/observation.h"
#include "commands/observer_options.h"
#include "commands/stack_sampling.h"
#include "commands/terminal.h"
#include "procfs/procfs.h"
#include "trace/filter.h"
#include "trace/json.h"
#include "trace/line.h"
#include "trace/stack_text.h"
#include "trace/summary.h"

namespace commands {

namespace {

using namespace std::chrono_literals;

constexpr auto kStatusInterval = 500ms;
constexpr auto kMaxDuration = 24h;

struct TraceOptions {
    ObserverOptions observer;
    trace::Filter filter;
    std::optional<std::uint64_t> count;                // matching requests
    std::optional<std::chrono::milliseconds> duration; // of the whole run
    bool json = false;
    StackOptions stacks;
};

// Filters, shows and counts requests as they end.
class Session {
public:
    Session(const TraceOptions& options, EventLoop& loop, Terminal& terminal, StackSampling& stacks)
        : stacks_(stacks), filter_(options.filter), count_(options.count), json_(options.json), loop_(loop),
          terminal_(terminal), style_{.colour = terminal.colour(), .width = {}} {}

    void take(const trace::Request& request) {
        if (ended_) return; // the rest of the batch that had the last wanted request
        const bool matches = filter_.matches(request);
        summary_.see(request, matches);
        if (!matches) return;
        auto shown = request;
        stacks_.attach(shown);
        style_.width = terminal_.width();
        terminal_.print((json_ ? trace::json_of(shown) : trace::line_of(shown, style_)) + "\n");
        if (!json_ && shown.stacks) terminal_.print(trace::stacks_text(*shown.stacks, trace::stack_of(shown)));
        if (count_ && summary_.matched() >= *count_) end();
    }

    void print_header() {
        if (!json_) terminal_.print(trace::header(style_) + "\n");
        terminal_.flush();
    }

    // Writes what was taken since the last call.
    void flush() {
        terminal_.flush();
        if (!terminal_.open()) end();
    }

    void end() {
        ended_ = true;
        loop_.stop();
    }

    void show_status() {
        terminal_.show_status(fmt::format("{} seen, {} matched{}{}", summary_.seen(), summary_.matched(),
                                          summary_.slowest().empty() ? "" : ", slowest ", summary_.slowest()));
    }

    // JSON lines are read by a program, so the summary goes to standard error then.
    Result<void> print_summary(const std::map<std::string, std::uint64_t>& lost) {
        TRY(const auto sampled, stacks_.finish());
        if (!terminal_.open()) return terminal_.written();
        const auto text = summary_.text(lost) + sampled;
        if (json_) {
            terminal_.say(text);
        } else {
            terminal_.print("\n" + text);
            terminal_.flush();
        }
        return terminal_.written();
    }

private:
    StackSampling& stacks_;
    const trace::Filter& filter_;
    std::optional<std::uint64_t> count_;
    bool json_;
    EventLoop& loop_;
    Terminal& terminal_;
    trace::LineStyle style_;
    trace::Summary summary_;
    bool ended_ = false;
};

std::string greeting(const observer::Observer& observer) {
    if (!observer.has_targets()) return "no Gunicorn runs here yet: waiting for one (Ctrl-C to stop)\n";
    return "tracing (Ctrl-C to stop and print a summary)\n";
}

Result<void> schedule(EventLoop& loop, Terminal& terminal, Session& session, observer::Observer& observer,
                      StackSampling& stacks, const TraceOptions& options) {
    TRY_VOID(when_over(loop, observer, [&] {
        session.flush();
        terminal.say("the observed Gunicorn has ended\n");
        session.end();
    }));
    TRY_VOID(loop.every(kStatusInterval, [&] { session.show_status(); }));
    TRY_VOID(stacks.schedule(loop, observer));
    if (options.duration) TRY_VOID(loop.every(*options.duration, [&] { session.end(); }));
    // Nothing is ever read from it: it becomes ready when its reader goes away.
    if (const auto reader = terminal.reader()) return loop.on_readable(*reader, [&] { loop.stop(); });
    return {};
}

// Shows requests until it has shown enough, is told to stop, its reader goes away, or the last Gunicorn has ended; then
// prints a summary.
Result<int> run_trace(const TraceOptions& options) {
    spdlog::set_level(spdlog::level::warn);
    const procfs::ProcFs proc;
    StackSampling stacks(proc, options.stacks);
    TRY_VOID(stacks.check());
    Terminal terminal;
    std::optional<Session> session; // once there is a loop that it can end: no request comes before that
    auto observed = options.observer.resolved();
    observed.on_request = [&session](const trace::Request& request) {
        if (session) session->take(request);
    };
    TRY(const auto observation, observe(proc, std::move(observed),
                                        {.sampling_interval = {},
                                         .drained = [&] { session->flush(); },
                                         .plans = {.writes_files = stacks.writes_file()}}));
    const auto& [observer, loop] = observation;
    session.emplace(options, *loop, terminal, stacks);
    terminal.say(greeting(*observer));
    session->print_header();
    TRY_VOID(schedule(*loop, terminal, *session, *observer, stacks, options));
    TRY_VOID(loop->run());
    observer->drain();
    TRY_VOID(session->print_summary(observer->events_lost()));
    return 0;
}

std::vector<Option> filter_options(trace::Filter& filter) {
    return {
        {.name = "slower-than",
         .group = "Which requests",
         .purpose = "Requests that take longer, for example 200ms",
         .target = Duration(filter.slower_than, 0s, kMaxDuration)},
        {.name = "status",
         .group = "Which requests",
         .purpose = "Requests answered with this status: 500, 5xx, or several, as in 404,5xx",
         .target = Parser([&](const std::string& text) -> Result<void> {
             TRY(filter.statuses, trace::parse_statuses(text));
             return {};
         })},
        {.name = "endpoint",
         .group = "Which requests",
         .purpose =
             "Requests whose path matches this pattern: * stands for any characters, ? for one, [...] for one of "
             "several",
         .target = Parser([&](const std::string& text) -> Result<void> {
             filter.endpoint = text;
             return {};
         })},
        {.name = "worker",
         .group = "Which requests",
         .purpose = "Requests of this worker: its id (worker_<age>_<start>) or its pid",
         .target = Parser([&](const std::string& text) -> Result<void> {
             if (!trace::names_worker(text))
                 return fail(
                     fmt::format("\"{}\" is not a worker: give its id (worker_<age>_<start>) or its pid", text));
             filter.worker = text;
             return {};
         })},
    };
}

} // namespace

Command trace_command() {
    const auto options = std::make_shared<TraceOptions>();
    auto own = filter_options(options->filter);
    own.insert(own.end(),
               {{.name = "count",
                 .group = "When to end",
                 .purpose = "End after so many matching requests",
                 .target = WholeNumber(options->count, 1, kAnyNumber)},
                {.name = "duration",
                 .group = "When to end",
                 .purpose = "End after so long, for example 30s",
                 .target = Duration(options->duration, 1ms, kMaxDuration)},
                {.name = "stacks",
                 .group = "Python stacks",
                 .purpose = "Sample the Python stack of each request while it is served",
                 .target = &options->stacks.wanted},
                {.name = "stack-interval",
                 .group = "Python stacks",
                 .purpose = "Time between two samples of a stack",
                 .target = Duration(options->stacks.interval, 1ms, 10s)},
                {.name = "folded",
                 .group = "Python stacks",
                 .purpose = "Sample stacks, and write them to this file at the end, folded, for flame graphs",
                 .target = Parser([options = options.get()](const std::string& file) -> Result<void> {
                     options->stacks.folded.name = file;
                     options->stacks.wanted = true;
                     return {};
                 }),
                 .value = "FILE"},
                {.name = "json",
                 .group = "Output",
                 .purpose = "One JSON object per line; the summary goes to standard error",
                 .target = &options->json}});
    return {.name = "trace",
            .purpose = "Show where each request spent its time, as it ends",
            .options = with_observer_options(options->observer, std::move(own)),
            .run = [options] { return run_trace(*options); }};
}

} // namespace commands
