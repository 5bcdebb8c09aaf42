// SPDX-License-Identifier: BSD-2-Clause
// One thread, one epoll: descriptors, timers, signals, and calls from other threads.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "descriptor.h"
#include "result.h"

namespace commands {

class EventLoop {
public:
    using Action = std::function<void()>;

    // Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and in all that it starts from here on: run() ends on
    // them.
    static Result<std::unique_ptr<EventLoop>> create();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // `fd` stays the caller's. The action has to make it silent. A descriptor that has failed or whose other end is
    // gone cannot be made silent: the action runs once more, and the descriptor is not watched any longer.
    Result<void> on_readable(int fd, Action action);
    Result<void> every(std::chrono::milliseconds interval, Action action);

    // On SIGHUP, which otherwise ends run() like the others: a terminal that is closed ends what is shown in it.
    void on_hangup(Action action) { hangup_ = std::move(action); }

    // From any thread: the action runs in the loop soon. False once the loop has ended; then it never runs.
    bool call(Action action);

    // Until SIGTERM, SIGINT or stop(), which is for actions. Error: the kernel cannot wait for the descriptors any
    // more.
    Result<void> run();
    void stop() { running_ = false; }

private:
    struct Source {
        int fd;
        Descriptor owned; // that of a timer or a wake-up: read before the action. Empty: the caller's
        Action action;
    };

    EventLoop() = default;
    Result<void> add(int fd, Action action);
    Result<void> add_own(Descriptor descriptor, Action action);
    Result<void> watch(Source& source);
    Result<void> add_signals();
    Result<void> add_wake_up();
    void take_signals();
    void run_calls();
    void run_action(const Source& source, bool readable);

    Descriptor epoll_;
    int wake_ = -1; // one of sources_
    Descriptor signals_;
    bool running_ = true;
    Action hangup_;
    std::list<Source> sources_; // epoll knows their addresses
    std::mutex mutex_;
    std::vector<Action> calls_; // guarded by mutex_
    bool ended_ = false;        // guarded by mutex_
};

} // namespace commands
