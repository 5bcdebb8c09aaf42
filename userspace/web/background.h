// SPDX-License-Identifier: BSD-2-Clause
// A thread for work that takes too long for the one that serves all connections.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace web {

class Background {
public:
    using Work = std::function<void()>;

    Background() = default;
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    // Finishes what was submitted.
    ~Background();

    // Before anything is submitted. The thread inherits the caller's signal mask.
    void start();

    // Runs it soon, in order. False after end(), and then it never runs.
    bool submit(Work work);
    // Waits for what was submitted; nothing more is taken.
    void end();

private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Work> waiting_; // guarded by mutex_
    bool ended_ = false;       // guarded by mutex_
    std::jthread thread_;      // last: it uses the others
};

} // namespace web
