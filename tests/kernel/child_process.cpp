// SPDX-License-Identifier: BSD-2-Clause
#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace kernel_test {

namespace {
constexpr int kPatienceMs = 20'000;
}

Signal::Signal() {
    if (pipe2(ends_, O_CLOEXEC)) abort();
}

Signal::~Signal() {
    close(ends_[0]);
    close_giving_end();
}

void Signal::close_giving_end() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
}

void Signal::give() const {
    if (write(ends_[1], "x", 1) != 1) abort();
}

bool Signal::take() const {
    pollfd ready{.fd = ends_[0], .events = POLLIN, .revents = 0};
    char byte = 0;
    return poll(&ready, 1, kPatienceMs) == 1 && read(ends_[0], &byte, 1) == 1;
}

void Steps::wait() const {
    if (!go_.take()) _exit(99);
}

ChildProcess::ChildProcess(const Body& body) {
    pid_ = fork();
    if (pid_ < 0) abort();
    if (pid_) {
        done_.close_giving_end(); // so that its end is seen
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Steps steps(go_, done_);
    steps.wait();
    _exit(body(steps));
}

ChildProcess::~ChildProcess() {
    if (ended_) return;
    kill(SIGKILL);
    waitpid(pid_, nullptr, 0);
}

int ChildProcess::join() {
    int status = 0;
    for (int waited = 0; waited < kPatienceMs; waited++) {
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            ended_ = true;
            return status;
        }
        usleep(1000);
    }
    return -1;
}

void ChildProcess::kill(int signal) const { ::kill(pid_, signal); }

} // namespace kernel_test
