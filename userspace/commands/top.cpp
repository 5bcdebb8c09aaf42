// SPDX-License-Identifier: BSD-2-Clause
// A live table of workers, listeners, routes and exceptions.
#include <fmt/format.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "commands/command.h"
#include "commands/log_capture.h"
#include "commands/observation.h"
#include "commands/observer_options.h"
#include "errno_text.h"
#include "top/exceptions.h"
#include "top/page.h"
#include "top/screen.h"
#include "top/window.h"

namespace commands {

namespace {

using namespace std::chrono_literals;

// A worker that has ended stays in the table for so long, so that one sees that it did.
constexpr std::chrono::seconds kEndedStay{12};
constexpr auto kWideSpan = 10s;
constexpr auto kLookForTheEnd = 200ms;
constexpr auto kRemarksStay = 8s;
constexpr std::size_t kExceptionsKept = 100;
constexpr std::size_t kPlainWidth = 200;

struct TopOptions {
    ObserverOptions observer;
    std::chrono::milliseconds interval{1000};
    std::uint64_t count = 0; // how many times to show; 0: until told to stop
    bool batch = false;      // plain text even on a terminal
};

// The data that both kinds of output show.
class Watch {
public:
    Watch(observer::Observer& observer, const TopOptions& options)
        : observer_(observer), options_(options), window_(kWideSpan), exceptions_(kExceptionsKept) {
        look();
    }

    void look() {
        top::Moment moment{std::chrono::steady_clock::now(), observer_.snapshot()};
        if (!window_.empty()) exceptions_.take(window_.latest().snapshot, moment.snapshot);
        window_.add(std::move(moment));
    }

    top::Content content() const {
        return {.targets = top::rows_of(window_),
                .exceptions = exceptions_.list(),
                .taken_at = window_.latest().snapshot.taken_at,
                .interval = options_.interval,
                .narrow_seconds = window_.narrow().seconds(),
                .wide_seconds = window_.wide().seconds(),
                .routes_measured = options_.observer.options.measured.routes,
                .remark = {}};
    }

private:
    observer::Observer& observer_;
    const TopOptions& options_;
    top::Window window_;
    top::LastExceptions exceptions_;
};

// Why the loop has ended.
struct Ending {
    std::string error;
    bool target_ended = false;
    std::uint64_t shown = 0;
};

class Live {
public:
    Live(top::Screen& screen, EventLoop& loop, Watch& watch) : screen_(screen), loop_(loop), watch_(watch) {
        content_ = watch_.content();
        draw();
    }

    void refresh() {
        if (view_.paused) return;
        content_ = watch_.content();
        draw();
    }

    void resized() {
        screen_.resized();
        draw();
    }

    void typed() {
        bool any = false;
        while (const auto key = screen_.key()) {
            any = true;
            std::vector<pid_t> targets;
            for (const auto& target : content_.targets) targets.push_back(target.master_pid);
            press(view_, *key, targets, page_.worker_rows);
        }
        if (view_.quit || (!any && screen_.gone())) return loop_.stop();
        draw();
    }

private:
    void draw() {
        content_.remark = log_.last(kRemarksStay);
        page_ = screenful(content_, view_, screen_.size());
        view_.scrolled = page_.scrolled;
        screen_.show(page_.lines);
    }

    top::Screen& screen_;
    EventLoop& loop_;
    Watch& watch_;
    LogCapture log_;
    top::View view_;
    top::Content content_;
    top::Page page_;
};

// Error: the reason; empty when the reader has gone away.
Result<void> print(const std::vector<top::Line>& lines) {
    std::string text;
    for (const auto& line : lines) (text += line.text) += '\n';
    text += '\n';
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
    if (errno == EPIPE) return fail("");
    return errno_failure("write to standard output", errno);
}

std::unique_ptr<top::Screen> screen_for(const TopOptions& options) {
    if (options.batch || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return nullptr;
    auto screen = top::Screen::open();
    if (screen) return std::move(*screen);
    spdlog::warn("plain output, since {}", screen.error().text);
    return nullptr;
}

Result<void> run_live(top::Screen& screen, EventLoop& loop, Watch& watch, const TopOptions& options, Ending& ending) {
    Live live(screen, loop, watch);
    TRY_VOID(loop.on_readable(STDIN_FILENO, [&] { live.typed(); }));
    TRY_VOID(loop.on_readable(screen.resize_fd(), [&] { live.resized(); }));
    TRY_VOID(loop.every(options.interval, [&] {
        watch.look();
        live.refresh();
        if (++ending.shown == options.count) loop.stop();
    }));
    return loop.run();
}

Result<void> run_plain(EventLoop& loop, Watch& watch, const TopOptions& options, Ending& ending) {
    TRY_VOID(loop.every(options.interval, [&] {
        watch.look();
        if (auto printed = print(block(watch.content(), {}, kPlainWidth)); !printed) {
            ending.error = printed.error().text;
            return loop.stop();
        }
        if (++ending.shown == options.count) loop.stop();
    }));
    return loop.run();
}

// Returns 0 when it was told to stop, by a key, a signal, --count or a reader that went away, and when the processes
// named by --pid have ended. Then, as after an error, nothing is attached any more and the terminal is as it was.
Result<int> run_top(const TopOptions& options) {
    setlocale(LC_CTYPE, ""); // which characters the terminal can show
    signal(SIGPIPE, SIG_IGN);
    spdlog::set_level(spdlog::level::warn);
    const procfs::ProcFs proc;
    TRY(const auto observation, observe(proc, options.observer.resolved(),
                                        {.sampling_interval = options.interval, .drained = {}, .plans = {}}));
    const auto& [observer, loop] = observation;
    Ending ending;
    Watch watch(*observer, options);
    TRY_VOID(loop->every(kLookForTheEnd, [&, &observer = observer, &loop = loop] {
        ending.target_ended = observer->targets_gone();
        if (ending.target_ended) loop->stop();
    }));
    auto screen = screen_for(options);
    const auto ran =
        screen ? run_live(*screen, *loop, watch, options, ending) : run_plain(*loop, watch, options, ending);
    screen.reset();
    TRY_VOID(ran);
    if (!ending.error.empty()) return fail(ending.error);
    if (ending.target_ended) fmt::print(stderr, "gunicorn-bpf-exporter: the observed Gunicorn has ended\n");
    return 0;
}

} // namespace

Command top_command() {
    const auto options = std::make_shared<TopOptions>();
    auto& observed = options->observer.options;
    observed.measured.routes = true;
    observed.retention = kEndedStay;
    std::vector<Option> own{
        {.name = "interval",
         .group = "What to show",
         .purpose = "How often the table is refreshed (200ms to 1h)",
         .target = Duration(options->interval, 200ms, 1h)},
        {.name = "count",
         .group = "What to show",
         .purpose = "End after so many intervals",
         .target = WholeNumber(options->count, 1, kAnyNumber)},
        {.name = "batch",
         .group = "What to show",
         .purpose = "Print plain text, one block per interval; the default when the output is not a terminal",
         .target = &options->batch},
        {.name = "routes",
         .group = "What to show",
         .purpose = "Show the slowest routes, for which every request leaves a record",
         .target = &observed.measured.routes,
         .negatable = true},
    };
    return {.name = "top",
            .purpose = "Show live in the terminal what every worker does",
            .options = with_observer_options(options->observer, std::move(own)),
            .run = [options] { return run_top(*options); }};
}

} // namespace commands
