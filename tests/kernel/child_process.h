// SPDX-License-Identifier: BSD-2-Clause
// A forked process that does what a test says, in step with it.
#pragma once

#include <sys/types.h>

#include <functional>

namespace kernel_test {

// A byte through a pipe; whoever waits sleeps until it comes. Both ends live in both processes.
class Signal {
public:
    Signal();
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    void give() const;
    // False: the other process has ended, or did not come within 20 s.
    bool take() const;
    void close_giving_end();

private:
    int ends_[2];
};

// What the child may use: it waits for the test, and says when something is done.
class Steps {
public:
    Steps(const Signal& go, const Signal& done) : go_(go), done_(done) {}
    void wait() const;
    void done() const { done_.give(); }

private:
    const Signal& go_;
    const Signal& done_;
};

class ChildProcess {
public:
    // The body's result is the exit code. Nothing of it runs before the first go().
    using Body = std::function<int(const Steps&)>;

    explicit ChildProcess(const Body& body);
    ~ChildProcess(); // kills it if it still runs

    pid_t pid() const { return pid_; }
    void go() const { go_.give(); }
    bool wait_until_done() const { return done_.take(); }
    // As wait(2) has it; -1: it did not end within 20 s.
    int join();
    void kill(int signal) const;

private:
    Signal go_;
    Signal done_;
    pid_t pid_ = -1;
    bool ended_ = false;
};

} // namespace kernel_test
