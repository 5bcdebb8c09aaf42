// SPDX-License-Identifier: BSD-2-Clause
#include "model/causes.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "http/percent.h"

namespace model {
namespace {

constexpr std::size_t kMostCandidates = 256;
constexpr std::size_t kMostEchoes = 64;
// Servers log right after they have answered.
constexpr event::KernelTime kEchoTime = std::chrono::milliseconds(100);

// Loggers whose records with an exception say that a request failed. Of Gunicorn, uvicorn, Django, Tornado, aiohttp,
// Hypercorn.
constexpr std::array<std::string_view, 6> kServers = {"gunicorn.error",      "uvicorn.error",  "django.request",
                                                      "tornado.application", "aiohttp.server", "hypercorn.error"};
// Says that a task's exception was never asked for; it does so in whatever task runs by then.
constexpr std::string_view kNobodys = "asyncio";

constexpr std::array<std::string_view, 8> kMethods = {"GET",   "POST",    "PUT",  "DELETE",
                                                      "PATCH", "OPTIONS", "HEAD", "TRACE"};

std::string path_of(std::string_view text) { return http::percent_decoded(text.substr(0, text.find_first_of("?#"))); }

bool is_same_code(const event::Execution& one, const event::Execution& other) {
    return one.thread != 0 && one.thread == other.thread && one.outermost_frame != 0 &&
           one.outermost_frame == other.outermost_frame;
}

// By a thread or a greenlet of its own, which serves one request at a time; else by a task of the event loop, or by the
// only thread of a worker that serves one request at a time.
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

} // namespace

bool Causes::is_echo(const event::Logged& logged) {
    std::erase_if(echoes_, [&](const Echo& echo) { return logged.at - echo.at > kEchoTime; });
    const auto found = std::ranges::find_if(echoes_, [&](const Echo& echo) {
        return echo.exception == logged.exception && is_same_code(echo.by, logged.by) &&
               echo.by.context == logged.by.context;
    });
    if (found == echoes_.end()) return false;
    echoes_.erase(found);
    return true;
}

void Causes::on(const event::Logged& logged) {
    if (logged.logger == kNobodys || is_echo(logged)) return;
    Candidate candidate{.logged = logged,
                        .path = {},
                        .method = {},
                        .by_server = std::ranges::find(kServers, logged.logger) != kServers.end()};
    for (const auto& argument : logged.arguments) {
        if (candidate.path.empty() && argument.starts_with('/')) candidate.path = path_of(argument);
        if (std::ranges::find(kMethods, argument) != kMethods.end()) candidate.method = argument;
    }
    if (candidates_.size() == kMostCandidates) candidates_.pop_front();
    candidates_.push_back(std::move(candidate));
}

// The writer logs what it is handling before it answers, or afterwards.
void Causes::use_up(const event::Responded& responded) {
    const auto begin = begin_of(responded);
    const auto found = std::ranges::find_if(candidates_, [&](const Candidate& candidate) {
        return candidate.logged.exception == responded.exception && candidate.logged.at >= begin &&
               is_writers(candidate.logged, responded.by);
    });
    if (found != candidates_.end()) {
        candidates_.erase(found);
        return;
    }
    if (echoes_.size() == kMostEchoes) echoes_.pop_front();
    echoes_.push_back({responded.by, responded.exception, responded.at});
}

// What names the path is what the framework says in the end; else the last one is. All of them are this request's.
std::string Causes::from_writer(const event::Responded& responded, std::string_view path) {
    const Candidate* best = nullptr;
    const auto begin = begin_of(responded);
    const auto counts = [&](const Candidate& candidate) {
        return candidate.logged.at >= begin && is_writers(candidate.logged, responded.by);
    };
    for (const auto& candidate : candidates_) {
        if (!counts(candidate) || (responded.status < 400 && !candidate.by_server)) continue;
        if (best == nullptr || best->path != path || candidate.path == path) best = &candidate;
    }
    if (best == nullptr) return {};
    auto exception = best->logged.exception;
    std::erase_if(candidates_, counts);
    return exception;
}

// Only of what a server or framework says, which means by it that the request fails: an application names the path of
// requests that it answers with 200, too, and another one for the same path may fail meanwhile. An ASGI server speaks
// in the turn of the loop in which it answers, or after it.
std::string Causes::from_path(const event::Responded& responded, std::string_view method, std::string_view path) {
    const auto begin = begin_of(responded);
    auto first = candidates_.end();
    for (auto each = candidates_.begin(); each != candidates_.end(); ++each) {
        const auto since = each->logged.of_scope ? since_of(responded) : begin;
        if (!each->by_server || each->logged.at < since || each->path.empty() || each->path != path) continue;
        if (!each->method.empty() && each->method != method) continue;
        if (first == candidates_.end()) first = each;
        if (each->logged.exception != first->logged.exception) return {};
    }
    if (first == candidates_.end()) return {};
    auto exception = std::move(first->logged.exception);
    candidates_.erase(first);
    return exception;
}

std::string Causes::from_only_request(const event::Responded& responded, std::string_view path) {
    const auto since = since_of(responded);
    const auto last = std::ranges::find_if(candidates_.rbegin(), candidates_.rend(), [&](const Candidate& candidate) {
        return candidate.logged.at >= since && candidate.by_server && candidate.logged.in_flight == 1 &&
               (candidate.path.empty() || candidate.path == path ||
                (candidate.logged.of_scope && candidate.path.ends_with(path))); // uvicorn puts --root-path in front
    });
    if (last == candidates_.rend()) return {};
    auto exception = std::move(last->logged.exception);
    candidates_.erase(std::next(last).base());
    return exception;
}

std::string Causes::of(const event::Responded& responded, std::string_view method, std::string_view path) {
    if (responded.status >= 400 && !responded.exception.empty()) {
        const bool was_handled = responded.raised != event::Responded::Raised::exception;
        // What a framework caught it may have logged, in a way that names the request.
        if (was_handled || from_log(responded, method, path).empty()) use_up(responded);
        return responded.status >= 500 || responded.refused ? responded.exception : std::string();
    }
    auto logged = from_log(responded, method, path);
    // What the writer was handling when it ended what it had begun: it has logged that already, if it does.
    return responded.status < 400 && !responded.exception.empty() ? responded.exception : logged;
}

std::string Causes::from_log(const event::Responded& responded, std::string_view method, std::string_view path) {
    if (responded.by.thread == 0 || (responded.status >= 400 && responded.status < 500)) return {};
    const auto decoded = path_of(path);
    if (auto exception = from_writer(responded, decoded); !exception.empty()) return exception;
    if (!responded.by.is_main_module) return {};
    if (auto exception = from_path(responded, method, decoded); !exception.empty()) return exception;
    return from_only_request(responded, decoded);
}

} // namespace model
