// SPDX-License-Identifier: BSD-2-Clause
// Which exception is behind a failed response of one worker.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "event/event.h"
#include "model/request_path.h"

namespace model {

// A response says which exception its writer was handling, or, where that is watched, which one passed a framework
// last. Where there was none, a framework may have caught it, logged
// it, and answered later. What was logged counts as the cause of a response only by evidence, never by order alone:
// since the request began,
//   - it was logged by the thread, the greenlet or the asyncio task that answered;
//   - or, where an event loop answers for its tasks, a server's or framework's message names the request's path, or an
//     ASGI server's the application that was called with it, and all that name it agree;
//   - or, there, a server logged that a request failed while this one was the only request in flight, in the turn of
//     the loop that wrote the answer.
// Everything else is unknown.
class ExceptionMatcher {
public:
    void on(const event::Logged& logged) {
        if (is_of_a_request(logged)) add(logged);
    }
    static bool is_of_a_request(const event::Logged& logged);
    // True if the code that has answered may have logged its exception once more: what was answered before is
    // explained.
    bool may_be_an_echo(const event::Logged& logged) const;
    void add(const event::Logged& logged);
    // True if the logger is one of a server or framework, whose records with an exception say that a request failed.
    static bool is_of_server(const event::Logged& logged);

    // The type of the exception behind a response, raw bytes; empty: unknown, or none. Of a response of status < 400:
    // the one that was being handled when it ended with its connection, or that a server caught and logged; of a 4xx:
    // the one for which Gunicorn's parser refused the request. `path` as in http::RequestLine, and the beginning of one
    // that was cut. To be called once for each response, in the order of the records, since what is found is used up.
    std::string of(const event::Responded& responded, std::string_view method, std::string_view path);

    // The same for a request without a response: the type of the application's exception that ended it. Nothing if it
    // was none: the client left, or the server raised (an error of the client's own socket, SystemExit when it is told
    // to quit). Empty: an exception of a type that is not known.
    std::optional<std::string> of(const event::Aborted& aborted, std::string_view method, std::string_view path);

private:
    struct Candidate {
        event::Logged logged;
        RequestPath path;   // in the message; empty: none
        std::string method; // in the message; empty: none
        bool by_server;     // the logger is one of a server or framework that names failed requests
        // What an application caught it got over, and may say so by the server's logger: then only the status tells
        // that the request failed.
        bool can_fail(int status) const { return by_server && (status >= 400 || logged.to_server); }
        // It may be the echo of what was answered then, and explains only requests that began later: what serves one
        // request at a time has logged the echo before.
        event::KernelTime after;
        bool is_since(event::KernelTime begin) const { return logged.at >= begin && after < begin; }
    };
    struct Found {
        std::string exception; // empty: none
        event::RaisedIn raised_in = event::RaisedIn::not_known;
    };
    static Found taken_from(const Candidate& candidate);

    // An exception that explained a response already: the code that wrote it may log it afterwards.
    struct Echo {
        event::Execution by;
        std::string exception;
        event::KernelTime at;
    };

    std::deque<Echo>::const_iterator echo_of(const event::Logged& logged) const;
    void consume(const event::Responded& responded);
    Found from_log(const event::Responded& responded, std::string_view method, std::string_view path);
    Found from_writer(const event::Responded& responded, const RequestPath& path);
    Found from_thread(const event::Responded& responded);
    Found from_path(const event::Responded& responded, std::string_view method, const RequestPath& path);
    Found from_only_request(const event::Responded& responded, const RequestPath& path);

    std::deque<Candidate> candidates_; // in the order of their records
    std::deque<Echo> echoes_;
};

} // namespace model
