// SPDX-License-Identifier: BSD-2-Clause
#include "web/background.h"

#include <utility>

namespace web {

Background::~Background() { end(); }

void Background::start() {
    thread_ = std::jthread([this] { run(); });
}

bool Background::submit(Work work) {
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return false;
        waiting_.push_back(std::move(work));
    }
    changed_.notify_one();
    return true;
}

void Background::end() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Background::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const Work work = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        work();
        lock.lock();
    }
}

} // namespace web
