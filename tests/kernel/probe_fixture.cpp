// SPDX-License-Identifier: BSD-2-Clause
#include "probe_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "clocks.h"

namespace kernel_test {

event::KernelTime now() { return monotonic_time(); }

probe::Options small_options() {
    probe::Options options{.max_processes = 16,
                           .max_connections = 64,
                           .ring_bytes = 256 * 1024,
                           .pid_max = 32768,
                           .candidates = probe::Candidates::children_of_masters,
                           .every_response = true};
    std::ifstream("/proc/sys/kernel/pid_max") >> options.pid_max;
    return options;
}

void ProbeFixture::SetUp() {
    auto loaded = probe::Probe::load(options_);
    ASSERT_TRUE(loaded) << loaded.error().text;
    probe_ = std::move(*loaded);
    master_slot_ = probe_->observe_master(getpid());
    ASSERT_NE(master_slot_, 0u);
    ASSERT_TRUE(probe_->add_listener(listener_.inode(), master_slot_));
}

void ProbeFixture::drain() {
    const auto undecodable = probe_->drain([&](event::Event event) { events_.push_back(std::move(event)); });
    ASSERT_EQ(undecodable, 0u) << "records that are of no known kind or too short";
}

std::unique_ptr<ChildProcess> ProbeFixture::fork_worker(const ChildProcess::Body& body, event::Slot* slot) {
    auto child = std::make_unique<ChildProcess>(body);
    const auto forked = take_one<event::Forked>(child->pid());
    worker_slot_ = forked ? forked->slot : 0;
    if (slot) *slot = worker_slot_;
    return child;
}

void ProbeFixture::serve(const std::function<void(int fd)>& serve, const std::function<void(Client&)>& talk) {
    const auto worker = fork_worker([&](const Steps&) {
        serve(accept_on(listener_.fd()));
        return 0;
    });
    Client client(listener_);
    worker->go();
    talk(client);
    ASSERT_EQ(worker->join(), 0);
}

void ProbeFixture::wait_until_counted(std::uint64_t requests) const {
    for (int tried = 0; tried < 400 && totals().requests() < requests; tried++) usleep(5000);
}

std::uint64_t ProbeFixture::entries(const std::string& map) const {
    for (const auto& use : probe_->report().maps) {
        if (use.name == map) return use.entries;
    }
    ADD_FAILURE() << "no map " << map;
    return 0;
}

std::uint64_t ProbeFixture::lost(contract::drop_reason reason) const {
    return probe_->events_lost().at(event::name_of(reason));
}

std::uint64_t ProbeFixture::lost() const {
    std::uint64_t sum = 0;
    for (const auto& [reason, count] : probe_->events_lost()) sum += count;
    return sum;
}

int accept_on(int listener) { return accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); }

std::string read_head(int fd) {
    std::string head;
    char buffer[8192];
    while (!head.contains("\r\n\r\n")) {
        const auto got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        head.append(buffer, static_cast<std::size_t>(got));
    }
    return head;
}

void send_bytes(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

} // namespace kernel_test
