// SPDX-License-Identifier: BSD-2-Clause
#include "commands/trace.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <string>
#include <utility>

#include "commands/event_loop.h"
#include "commands/observation.h"
#include "commands/stack_sampling.h"
#include "commands/terminal.h"
#include "procfs/procfs.h"
#include "trace/json.h"
#include "trace/line.h"
#include "trace/stack_text.h"
#include "trace/summary.h"

namespace commands {

namespace {

using std::chrono_literals::operator""ms;

constexpr auto kStatusInterval = 500ms;

// What is shown, learned and counted of the requests as they come.
class Session {
public:
    Session(const TraceOptions& options, EventLoop& loop, Terminal& terminal, StackSampling& stacks)
        : stacks_(stacks), filter_(options.filter), count_(options.count), json_(options.json), loop_(loop),
          terminal_(terminal), style_{.colour = terminal.colour(), .width = {}} {}

    void take(const trace::Request& request) {
        if (ended_) return; // of the same batch as the last one that was wanted
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

    // What was taken since the last time.
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

    // Not to be mixed with the lines where a program reads them.
    Result<void> print_summary(const std::map<std::string, std::uint64_t>& lost) {
        const auto sampled = stacks_.finish();
        if (!sampled) return std::unexpected(sampled.error());
        if (!terminal_.open()) return terminal_.written();
        const auto text = summary_.text(lost) + *sampled;
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
    if (!observer.has_targets()) return "no Gunicorn runs here yet: waiting for one; Ctrl-C ends this\n";
    return "tracing; Ctrl-C ends this and says what was learned\n";
}

Result<void> schedule(EventLoop& loop, Terminal& terminal, Session& session, observer::Observer& observer,
                      StackSampling& stacks, const TraceOptions& options) {
    if (auto added = when_over(loop, observer,
                               [&] {
                                   session.flush();
                                   terminal.say("the observed Gunicorn has ended\n");
                                   session.end();
                               });
        !added)
        return added;
    if (auto added = loop.every(kStatusInterval, [&] { session.show_status(); }); !added) return added;
    if (auto added = stacks.schedule(loop, observer); !added) return added;
    if (options.duration) {
        if (auto added = loop.every(*options.duration, [&] { session.end(); }); !added) return added;
    }
    // Nothing is ever read from it: it becomes ready when its reader goes away.
    if (const auto reader = terminal.reader()) return loop.on_readable(*reader, [&] { loop.stop(); });
    return {};
}

} // namespace

Result<void> trace(TraceOptions options) {
    spdlog::set_level(spdlog::level::warn);
    const procfs::ProcFs proc;
    StackSampling stacks(proc, options.stacks);
    if (auto writable = stacks.check(); !writable) return writable;
    Terminal terminal;
    std::optional<Session> session; // once there is a loop that it can end: no request comes before that
    options.observer.on_request = [&session](const trace::Request& request) {
        if (session) session->take(request);
    };
    auto observation = observe(proc, options.observer,
                               {.sampling_interval = {},
                                .drained = [&] { session->flush(); },
                                .plans = {.writes_files = stacks.writes_file()}});
    if (!observation) return std::unexpected(observation.error());
    auto& [observer, loop] = *observation;
    session.emplace(options, *loop, terminal, stacks);
    terminal.say(greeting(*observer));
    session->print_header();
    if (auto scheduled = schedule(*loop, terminal, *session, *observer, stacks, options); !scheduled) return scheduled;
    loop->run();
    observer->drain();
    return session->print_summary(observer->events_lost());
}

} // namespace commands
