// SPDX-License-Identifier: BSD-2-Clause
// The probe as a resource: slots, listeners, two probes side by side, and that nothing stays behind.
#include <bpf/bpf.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

using namespace std::chrono_literals;

class ProbeTest : public ProbeFixture {
protected:
    void one_request() {
        serve(
            [](int fd) {
                read_head(fd);
                send_bytes(fd, kOk);
                close(fd);
            },
            [](Client& client) {
                client.send(kGet);
                client.receive_all();
            });
    }
};

TEST_F(ProbeTest, ReleasedSlotsAreUsedAgainAndEmpty) {
    one_request();
    const auto worker = worker_slot_;
    EXPECT_EQ(totals().requests(), 1u);
    probe_->release(worker, take<event::Exited>().at(0).pid);
    EXPECT_EQ(totals().requests(), 0u);
    std::set<event::Slot> used;
    for (std::uint32_t i = 0; i < options_.max_processes; i++) {
        const ChildProcess child([](const Steps&) { return 0; });
        const auto forked = take_one<event::Forked>(child.pid());
        ASSERT_TRUE(forked);
        used.insert(forked->slot);
        probe_->release(forked->slot, child.pid());
    }
    EXPECT_TRUE(used.contains(worker));
    EXPECT_FALSE(used.contains(master_slot_));
    EXPECT_EQ(lost(), 0u);
}

TEST_F(ProbeTest, ReleaseOfAnothersSlotDoesNothing) {
    const auto worker = fork_worker([](const Steps&) { return 5; });
    probe_->release(worker_slot_, worker->pid() + 1);
    worker->go();
    EXPECT_EQ(worker->join(), 5 << 8);
    EXPECT_TRUE(take_one<event::Exited>(worker->pid()));
}

TEST_F(ProbeTest, ReleaseEndsTheConnectionsAndForgetsTheListeners) {
    const auto worker = fork_worker([&](const Steps& steps) {
        read_head(accept_on(listener_.fd()));
        steps.done();
        return pause();
    });
    const Client client(listener_);
    client.send(kGet);
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    EXPECT_EQ(entries("connections"), 1u);
    probe_->release(worker_slot_, worker->pid());
    EXPECT_EQ(entries("connections"), 0u);
    EXPECT_EQ(entries("listeners"), 1u);
    probe_->release(master_slot_, getpid());
    EXPECT_EQ(entries("listeners"), 0u);
    EXPECT_EQ(entries("processes"), 0u);
}

TEST_F(ProbeTest, AKnownProcessKeepsItsSlot) {
    const auto worker = fork_worker([](const Steps&) { return 0; });
    EXPECT_EQ(probe_->observe_worker(worker->pid(), master_slot_), worker_slot_);
    EXPECT_EQ(probe_->observe_master(getpid()), master_slot_);
    EXPECT_EQ(entries("processes"), 2u);
}

TEST_F(ProbeTest, TwoAtOnceSeeTheSame) {
    auto second = probe::Probe::load(options_);
    ASSERT_TRUE(second) << second.error().text;
    const auto slot = (*second)->observe_master(getpid());
    ASSERT_TRUE((*second)->add_listener(listener_.inode(), slot));
    one_request();
    const auto seen = totals();
    EXPECT_EQ(seen.requests(), 1u);
    // The other one has slots of its own.
    std::uint64_t responses = 0;
    for (event::Slot each = 1; each <= options_.max_processes; each++)
        responses += (*second)->totals(each).value().requests();
    EXPECT_EQ(responses, 1u);
    second->reset();
    one_request();
    EXPECT_EQ(totals().requests(), 1u) << "of the second worker, after the other probe has gone";
}

TEST_F(ProbeTest, ReportNamesEverything) {
    const auto report = probe_->report();
    std::set<std::string> names;
    for (const auto& program : report.programs) {
        // Those are attached to interpreters, and here is none.
        EXPECT_EQ(program.attached, !program.name.starts_with("collection_")) << program.name;
        names.insert(program.name);
    }
    for (const auto* name : {"sys_exit", "stream_bytes", "sched_process_fork", "sched_process_exec",
                             "sched_process_exit", "signal_generate"})
        EXPECT_TRUE(names.contains(name)) << name;
    for (unsigned reason = 0; reason < contract::DROP_REASONS; reason++)
        EXPECT_TRUE(probe_->events_lost().contains(event::name_of(static_cast<contract::drop_reason>(reason))))
            << reason;
    for (const auto& map : report.maps) {
        EXPECT_LE(map.entries, map.capacity) << map.name;
        if (map.name == "connections") {
            EXPECT_EQ(map.capacity, 2 * options_.max_connections);
        }
        if (map.name == "processes") {
            EXPECT_EQ(map.capacity, options_.max_processes);
        }
    }
}

// Ids of the BPF objects of one sort ("prog_id", "map_id", "link_id") that this process holds.
std::set<std::uint32_t> ids_held(const std::string& sort) {
    std::set<std::uint32_t> ids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream file(entry.path());
        std::string word;
        std::uint32_t id = 0;
        while (file >> word) {
            if (word == sort + ":" && file >> id) ids.insert(id);
        }
    }
    return ids;
}

bool program_exists(std::uint32_t id) {
    const int fd = bpf_prog_get_fd_by_id(id);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

bool link_exists(std::uint32_t id) {
    const int fd = bpf_link_get_fd_by_id(id);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

// The kernel frees them when nothing runs them any more.
bool gone_soon(std::uint32_t id, bool (*exists)(std::uint32_t)) {
    for (int i = 0; i < 200 && exists(id); i++) std::this_thread::sleep_for(10ms);
    return !exists(id);
}

TEST_F(ProbeTest, NothingStaysBehind) {
    const auto programs = ids_held("prog_id");
    const auto links = ids_held("link_id");
    EXPECT_GE(programs.size(), 7u);
    EXPECT_GE(links.size(), 5u);
    for (const auto id : programs) EXPECT_TRUE(program_exists(id));
    probe_.reset();
    EXPECT_TRUE(ids_held("prog_id").empty());
    EXPECT_TRUE(ids_held("map_id").empty());
    EXPECT_TRUE(ids_held("link_id").empty());
    for (const auto id : links) EXPECT_TRUE(gone_soon(id, link_exists)) << "link " << id;
    for (const auto id : programs) EXPECT_TRUE(gone_soon(id, program_exists)) << "program " << id;
}

TEST(ProbeLoad, ImpossibleSizesAreAnErrorThatSaysWhatToDo) {
    auto options = small_options();
    options.max_connections = 4'000'000'000; // terabytes
    const auto loaded = probe::Probe::load(options);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().text.find("load the BPF programs"), std::string::npos) << loaded.error().text;
}

} // namespace
} // namespace kernel_test
