// SPDX-License-Identifier: BSD-2-Clause
// A probe, and the test process in the role of a master: what it forks is a worker. Needs root and BTF.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "child_process.h"
#include "event/decode.h"
#include "probe/probe.h"
#include "sockets.h"

namespace kernel_test {

// Nanoseconds of CLOCK_MONOTONIC, as in records.
event::KernelTime now();

// For tests that load one: small maps, a record for every response, no unobserved processes.
probe::Options small_options();

class ProbeFixture : public testing::Test {
protected:
    explicit ProbeFixture(probe::Options options = small_options()) : options_(options) {}
    void SetUp() override;

    // Forks a worker and finds the slot that the kernel gave it. It waits for go().
    std::unique_ptr<ChildProcess> fork_worker(const ChildProcess::Body& body, event::Slot* slot = nullptr);
    // A worker that runs `serve` with an accepted connection while `talk` is its client, to its end.
    void serve(const std::function<void(int fd)>& serve, const std::function<void(Client&)>& talk);

    // All events so far that were not returned yet.
    template <typename Kind> std::vector<Kind> take() {
        drain();
        std::vector<Kind> found;
        std::erase_if(events_, [&](const event::Event& each) {
            if (!std::holds_alternative<Kind>(each)) return false;
            found.push_back(std::get<Kind>(each));
            return true;
        });
        return found;
    }
    // Waits until the kernel has counted `requests` responses of the last worker, for two seconds at most: a client may
    // have its answer before the worker's system call is over, where it is counted.
    void wait_until_counted(std::uint64_t requests) const;
    // The one event of this kind for this process.
    template <typename Kind> std::optional<Kind> take_one(pid_t pid) {
        std::optional<Kind> one;
        for (const auto& each : take<Kind>()) {
            if (each.pid != pid) continue;
            EXPECT_FALSE(one) << "more than one";
            one = each;
        }
        EXPECT_TRUE(one) << "none";
        return one;
    }

    event::Totals totals() const { return probe_->totals(worker_slot_).value(); }
    std::uint64_t entries(const std::string& map) const;
    std::uint64_t lost(contract::drop_reason reason) const;
    std::uint64_t lost() const; // for any reason

    probe::Options options_;
    std::unique_ptr<probe::Probe> probe_;
    Listener listener_;
    event::Slot master_slot_ = 0;
    event::Slot worker_slot_ = 0; // of the last fork_worker()

private:
    void drain();
    std::vector<event::Event> events_;
};

// In the worker.
int accept_on(int listener);
std::string read_head(int fd); // by recvfrom, until the empty line
void send_bytes(int fd, std::string_view bytes);

inline constexpr auto kGet = "GET /path HTTP/1.1\r\nHost: x\r\n\r\n";
inline constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
inline constexpr auto kNotFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";

} // namespace kernel_test
