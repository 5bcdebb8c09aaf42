// SPDX-License-Identifier: BSD-2-Clause
#include "model/exception_matcher.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace model {
namespace {

constexpr std::size_t kMaxCandidates = 256;
constexpr std::size_t kMaxEchoes = 64;
// Servers log right after they have answered.
constexpr event::KernelTime kEchoTime = std::chrono::milliseconds(100);

// Loggers whose records with an exception say that a request failed. Of Gunicorn, uvicorn, Django, Tornado, aiohttp,
// Hypercorn; of gthread's pool, whose thread ends by a SystemExit; and what gevent.pywsgi prints.
constexpr std::array<std::string_view, 8> kServers = {"gunicorn.error",      "uvicorn.error",  "django.request",
                                                      "tornado.application", "aiohttp.server", "hypercorn.error",
                                                      "concurrent.futures",  "gevent.pywsgi"};
// Classes whose exceptions a socket raises: OSError and those that the standard library derives from it.
constexpr std::array<std::string_view, 11> kOfSockets = {
    "OSError",      "BlockingIOError",        "InterruptedError",       "ConnectionError",      "BrokenPipeError",
    "TimeoutError", "ConnectionAbortedError", "ConnectionRefusedError", "ConnectionResetError", "socket.timeout",
    "ssl.SSLError"};
// Says that a task's exception was never asked for; it does so in whatever task runs by then.
constexpr std::string_view kNobodys = "asyncio";

constexpr std::array<std::string_view, 8> kMethods = {"GET",   "POST",    "PUT",  "DELETE",
                                                      "PATCH", "OPTIONS", "HEAD", "TRACE"};

bool is_of_a_socket(std::string_view exception) { return std::ranges::find(kOfSockets, exception) != kOfSockets.end(); }

bool is_same_code(const event::Execution& one, const event::Execution& other) {
    return one.thread != 0 && one.thread == other.thread && one.outermost_frame != 0 &&
           one.outermost_frame == other.outermost_frame;
}

// True if the thread or greenlet that answered has logged it, and serves one request at a time; else if its task of the
// event loop has, or the only thread of a worker that serves one request at a time.
bool is_writers(const event::Logged& logged, const event::Execution& writer) {
    if (!is_same_code(logged.by, writer)) return false;
    if (!writer.is_main_module) return true;
    return logged.by.context == writer.context && (writer.context != 0 || logged.in_flight == 1);
}

event::KernelTime begin_of(const event::Responded& responded) {
    return responded.at - std::chrono::duration_cast<event::KernelTime>(responded.duration);
}

// Of a failed response what is written in the same turn of the loop: what comes later may be of a task that goes on
// although it has answered.
event::KernelTime since_of(const event::Responded& responded) {
    return responded.status >= 400 ? std::max(begin_of(responded), responded.polled) : begin_of(responded);
}

// Starlette's way to answer by an exception, as abort() is Flask's. Nobody logs it, and with uvloop it is no longer
// being handled when the answer is written: so that the loop makes no difference, it counts as what the application
// returns.
bool is_an_answer(const event::Responded& responded) {
    return responded.exception == "HTTPException" && responded.by.is_main_module && responded.status >= 500 &&
           responded.raised == event::Responded::Raised::not_watched;
}

} // namespace

ExceptionMatcher::Found ExceptionMatcher::taken_from(const Candidate& candidate) {
    return {candidate.logged.exception, candidate.logged.raised_in};
}

// The class and the code say no more than that it may be one: whoever has answered may log nothing, as the asgi worker
// of Gunicorn 26 does of what Starlette has answered, and the next task's context is often where the last one's was.
std::deque<ExceptionMatcher::Echo>::const_iterator ExceptionMatcher::echo_of(const event::Logged& logged) const {
    return std::ranges::find_if(echoes_, [&](const Echo& echo) {
        return logged.at - echo.at <= kEchoTime && echo.exception == logged.exception &&
               is_same_code(echo.by, logged.by) && echo.by.context == logged.by.context;
    });
}

bool ExceptionMatcher::may_be_an_echo(const event::Logged& logged) const { return echo_of(logged) != echoes_.end(); }

bool ExceptionMatcher::is_of_server(const event::Logged& logged) {
    return std::ranges::find(kServers, logged.logger) != kServers.end();
}

bool ExceptionMatcher::is_of_a_request(const event::Logged& logged) { return logged.logger != kNobodys; }

void ExceptionMatcher::add(const event::Logged& logged) {
    Candidate candidate{.logged = logged,
                        .path = {},
                        .method = {},
                        .by_server = is_of_server(logged),
                        .after = event::KernelTime::min()};
    std::erase_if(echoes_, [&](const Echo& echo) { return logged.at - echo.at > kEchoTime; });
    if (const auto echo = echo_of(logged); echo != echoes_.end()) {
        candidate.after = echo->at;
        echoes_.erase(echo);
    }
    for (std::size_t i = 0; i < logged.arguments.size(); i++) {
        const auto& argument = logged.arguments[i];
        if (candidate.path.empty() && argument.starts_with('/')) candidate.path = request_path(argument, logged.cut[i]);
        if (std::ranges::find(kMethods, argument) != kMethods.end()) candidate.method = argument;
    }
    if (candidates_.size() == kMaxCandidates) candidates_.pop_front();
    candidates_.push_back(std::move(candidate));
}

// The writer logs what it is handling before it answers, or afterwards.
void ExceptionMatcher::consume(const event::Responded& responded) {
    const auto begin = begin_of(responded);
    const auto found = std::ranges::find_if(candidates_, [&](const Candidate& candidate) {
        return candidate.logged.exception == responded.exception && candidate.is_since(begin) &&
               is_writers(candidate.logged, responded.by);
    });
    if (found != candidates_.end()) {
        candidates_.erase(found);
        return;
    }
    // The code that answers serves one request at a time: of an earlier one it will not speak any more.
    std::erase_if(echoes_, [&](const Echo& echo) {
        return echo.exception == responded.exception && is_same_code(echo.by, responded.by) &&
               echo.by.context == responded.by.context;
    });
    if (echoes_.size() == kMaxEchoes) echoes_.pop_front();
    echoes_.push_back({responded.by, responded.exception, responded.at});
}

// What names the path is what the framework says in the end; else the last one is. All of them are this request's.
ExceptionMatcher::Found ExceptionMatcher::from_writer(const event::Responded& responded, const RequestPath& path) {
    const Candidate* best = nullptr;
    const auto begin = begin_of(responded);
    const auto counts = [&](const Candidate& candidate) {
        return candidate.is_since(begin) && is_writers(candidate.logged, responded.by);
    };
    for (const auto& candidate : candidates_) {
        if (!counts(candidate) || (responded.status < 400 && !candidate.can_fail(responded.status))) continue;
        if (best == nullptr || !(best->path == path) || candidate.path == path) best = &candidate;
    }
    if (best == nullptr) return {};
    auto found = taken_from(*best);
    std::erase_if(candidates_, counts);
    return found;
}

// Of a thread that only read the request, and serves one at a time: what the server says of it comes first.
ExceptionMatcher::Found ExceptionMatcher::from_thread(const event::Responded& responded) {
    const auto begin = begin_of(responded);
    const auto is_its = [&](const Candidate& candidate) {
        return candidate.logged.by.thread == responded.by.thread && !candidate.logged.by.is_main_module &&
               candidate.is_since(begin);
    };
    const auto first = std::ranges::find_if(candidates_, [&](const Candidate& candidate) {
        return is_its(candidate) && candidate.can_fail(responded.status);
    });
    if (first == candidates_.end()) return {};
    auto found = taken_from(*first);
    const auto until = first->logged.at;
    std::erase_if(candidates_, [&](const Candidate& each) { return is_its(each) && each.logged.at <= until; });
    return found;
}

// Only of what a server or framework says, which means by it that the request fails: an application names the path of
// requests that it answers with 200, too, and another one for the same path may fail meanwhile. An ASGI server speaks
// in the turn of the loop in which it answers, or after it.
ExceptionMatcher::Found ExceptionMatcher::from_path(const event::Responded& responded, std::string_view method,
                                                    const RequestPath& path) {
    const auto begin = begin_of(responded);
    auto first = candidates_.end();
    for (auto each = candidates_.begin(); each != candidates_.end(); ++each) {
        const auto since = each->logged.of_scope ? since_of(responded) : begin;
        if (!each->can_fail(responded.status) || !each->is_since(begin) || each->logged.at < since) continue;
        if (each->path.empty() || !(each->path == path)) continue;
        if (!each->method.empty() && each->method != method) continue;
        if (first == candidates_.end()) first = each;
        if (each->logged.exception != first->logged.exception) return {};
    }
    if (first == candidates_.end()) return {};
    auto found = taken_from(*first);
    candidates_.erase(first);
    return found;
}

ExceptionMatcher::Found ExceptionMatcher::from_only_request(const event::Responded& responded,
                                                            const RequestPath& path) {
    const auto begin = begin_of(responded);
    const auto since = since_of(responded);
    const auto last = std::ranges::find_if(candidates_.rbegin(), candidates_.rend(), [&](const Candidate& candidate) {
        return candidate.is_since(begin) && candidate.logged.at >= since && candidate.can_fail(responded.status) &&
               candidate.logged.in_flight == 1 &&
               (candidate.path.empty() || candidate.path == path ||
                // uvicorn puts --root-path in front; what is mounted in an application may name only the rest.
                (candidate.logged.of_scope && candidate.path.text.ends_with(path.text)) ||
                (!candidate.logged.of_scope && path.text.ends_with(candidate.path.text)));
    });
    if (last == candidates_.rend()) return {};
    auto found = taken_from(*last);
    candidates_.erase(std::next(last).base());
    return found;
}

std::string ExceptionMatcher::of(const event::Responded& responded, std::string_view method, std::string_view path) {
    if (is_an_answer(responded)) return {};
    if (responded.status >= 400 && !responded.exception.empty()) {
        const bool was_handled = responded.raised != event::Responded::Raised::exception;
        // What a framework caught it may have logged, in a way that names the request.
        if (was_handled || from_log(responded, method, path).exception.empty()) consume(responded);
        return responded.status >= 500 || responded.refused ? responded.exception : std::string();
    }
    auto logged = from_log(responded, method, path).exception;
    // What the writer was handling when it ended what it had begun: it has logged that already, if it does.
    return responded.status < 400 && !responded.exception.empty() ? responded.exception : logged;
}

// An error of some socket of which it is not known whose it is may be the client's.
std::optional<std::string> ExceptionMatcher::of(const event::Aborted& aborted, std::string_view method,
                                                std::string_view path) {
    const auto& request = aborted.request;
    if (request.by.thread == 0) return std::nullopt;
    const bool was_handled = request.raised != event::Responded::Raised::exception;
    if (was_handled && !request.exception.empty()) {
        consume(request);
        return request.exception;
    }
    if (auto found = from_log(request, method, path); !found.exception.empty()) {
        const bool may_be_clients = found.raised_in == event::RaisedIn::not_known && is_of_a_socket(found.exception);
        if (found.raised_in == event::RaisedIn::server || may_be_clients) return std::nullopt;
        return std::move(found.exception);
    }
    if (!request.exception.empty()) return request.exception;
    if (!aborted.by_exception || aborted.by != event::Aborted::By::server) return std::nullopt;
    return std::string();
}

ExceptionMatcher::Found ExceptionMatcher::from_log(const event::Responded& responded, std::string_view method,
                                                   std::string_view path) {
    if (responded.by.thread == 0 || (responded.status >= 400 && responded.status < 500)) return {};
    const auto decoded = request_path(path, responded.request_line_cut);
    if (responded.status < 400 && responded.by.outermost_frame == 0 && !responded.by.is_main_module)
        return from_thread(responded);
    if (auto found = from_writer(responded, decoded); !found.exception.empty()) return found;
    if (!responded.by.is_main_module) return {};
    if (auto found = from_path(responded, method, decoded); !found.exception.empty()) return found;
    return from_only_request(responded, decoded);
}

} // namespace model
