// SPDX-License-Identifier: BSD-2-Clause
#include "commands/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include "descriptor.h"
#include "errno_text.h"

namespace commands {

namespace {

std::unexpected<Error> system_error(std::string_view step) { return errno_failure(step, errno); }

} // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
    std::unique_ptr<EventLoop> loop(new EventLoop());
    loop->epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!loop->epoll_) return system_error("create the event loop");
    TRY_VOID(loop->add_signals());
    TRY_VOID(loop->add_wake_up());
    return loop;
}

Result<void> EventLoop::watch(Source& source) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &source}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, source.fd, &event)) return system_error("watch a descriptor");
    return {};
}

Result<void> EventLoop::add(int fd, Action action) {
    return watch(sources_.emplace_back(fd, Descriptor(), std::move(action)));
}

Result<void> EventLoop::add_own(Descriptor descriptor, Action action) {
    const int fd = descriptor.get();
    return watch(sources_.emplace_back(fd, std::move(descriptor), std::move(action)));
}

Result<void> EventLoop::add_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &signals, nullptr)) return system_error("block signals");
    signals_ = Descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return system_error("receive signals");
    return add(signals_.get(), [this] { take_signals(); });
}

void EventLoop::take_signals() {
    signalfd_siginfo signal{};
    while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGHUP && hangup_)
            hangup_();
        else
            stop();
    }
}

Result<void> EventLoop::add_wake_up() {
    Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return system_error("create a wake-up");
    wake_ = wake.get();
    return add_own(std::move(wake), [this] { run_calls(); });
}

Result<void> EventLoop::on_readable(int fd, Action action) { return add(fd, std::move(action)); }

Result<void> EventLoop::every(std::chrono::milliseconds interval, Action action) {
    Descriptor timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer) return system_error("create a timer");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(interval);
    const timespec period{.tv_sec = seconds.count(), .tv_nsec = (interval - seconds).count() * 1'000'000};
    const itimerspec times{.it_interval = period, .it_value = period};
    if (timerfd_settime(timer.get(), 0, &times, nullptr)) return system_error("start a timer");
    return add_own(std::move(timer), std::move(action));
}

bool EventLoop::call(Action action) {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    calls_.push_back(std::move(action));
    const std::uint64_t one = 1;
    return write(wake_, &one, sizeof one) == sizeof one;
}

void EventLoop::run_calls() {
    std::vector<Action> calls;
    {
        const std::lock_guard lock(mutex_);
        calls.swap(calls_);
    }
    for (const auto& each : calls) each();
}

void EventLoop::run_action(const Source& source, bool readable) {
    // Timers and wake-ups are readable until they are read; what they say does not matter.
    std::array<std::byte, sizeof(std::uint64_t)> ignored;
    if (source.owned && read(source.fd, ignored.data(), ignored.size()) < 0 && errno == EAGAIN) return;
    source.action();
    if (!readable) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, source.fd, nullptr);
}

Result<void> EventLoop::run() {
    std::array<epoll_event, 16> events{};
    Result<void> result;
    while (running_ && result) {
        const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        if (count < 0 && errno != EINTR) result = system_error("wait for events");
        for (int i = 0; i < count && running_; i++) {
            const auto& event = events[static_cast<std::size_t>(i)];
            run_action(*static_cast<Source*>(event.data.ptr), (event.events & EPOLLIN) != 0);
        }
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    calls_.clear();
    return result;
}

} // namespace commands
