// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_file.h"
#include "multiprocess/collector.h"

namespace multiprocess {
namespace {

const std::string kKey = R"(["a", "a_total", {}, "h"])";

// A file of the client's that this very process has mapped: it stands for a Gunicorn here.
class Mapped {
public:
    Mapped(const Folder& folder, const std::string& name, double value) {
        folder.write(name, client_bytes({{kKey, value, 0}}, Layout::value_and_time));
        const int fd = open((folder.path() / name).c_str(), O_RDWR | O_CLOEXEC);
        bytes_ = mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    ~Mapped() { munmap(bytes_, 65536); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

private:
    void* bytes_;
};

class CollectorTest : public testing::Test {
protected:
    Exposed collect(std::vector<Processes> targets) { return collector_.collect(targets); }
    Exposed collect() { return collect({{1, {}, {getpid()}}}); }

    procfs::ProcFs proc_;
    std::vector<std::string> told_;
    std::chrono::steady_clock::time_point now_{};
    Collector collector_{proc_,
                         {"ours_total"},
                         [&](const std::string& sentence) { told_.push_back(sentence); },
                         {.keys = 3},
                         [&] { return now_; }};
};

TEST_F(CollectorTest, FindsWhatIsMapped) {
    EXPECT_FALSE(collect().targets.at(0).has_directory);
    const Folder folder;
    const Mapped file(folder, "counter_1.db", 5);
    // It is not looked at all the time.
    EXPECT_FALSE(collect().targets.at(0).has_directory);
    now_ += std::chrono::seconds(2);
    const auto exposed = collect();
    EXPECT_TRUE(exposed.targets.at(0).has_directory);
    EXPECT_EQ(exposed.targets.at(0).files, 1u);
    ASSERT_EQ(exposed.families.size(), 1u);
    EXPECT_EQ(exposed.families[0].samples.at(0).value, 5);
}

// Has mapped what its parent has.
class Child {
public:
    Child() : pid_(fork()) {
        if (pid_ != 0) return;
        for (;;) pause();
    }
    ~Child() {
        die();
        waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    pid_t pid() const { return pid_; }
    void die() const { // and stay a zombie
        kill(pid_, SIGKILL);
        siginfo_t state{};
        waitid(P_PID, static_cast<id_t>(pid_), &state, WEXITED | WNOWAIT);
    }

private:
    pid_t pid_;
};

TEST_F(CollectorTest, TheDeathOfAWorkerTakesNothingAway) {
    const Folder folder;
    const Child master;
    const Mapped file(folder, "counter_1.db", 5);
    const Child first;
    const Child second;
    collect({{1, {}, {master.pid(), first.pid(), second.pid()}}});
    first.die(); // what is known of the processes is older than that
    EXPECT_EQ(collect({{1, {}, {master.pid(), first.pid(), second.pid()}}}).families.size(), 1u);
    EXPECT_EQ(collect({{1, {}, {master.pid(), second.pid()}}}).families.size(), 1u);
    second.die();
    EXPECT_EQ(collect({{1, {}, {master.pid(), second.pid()}}}).families.size(), 1u);
    EXPECT_EQ(collect({{1, {}, {master.pid()}}}).families.size(), 1u); // until the next one has mapped its files
}

TEST_F(CollectorTest, ADirectoryOfTwoTargetsIsTheFirstOnes) {
    const Folder folder;
    const Mapped file(folder, "counter_1.db", 5);
    const auto exposed = collect({{1, {{"master_pid", "1"}}, {getpid()}}, {2, {{"master_pid", "2"}}, {getpid()}}});
    ASSERT_EQ(exposed.families.size(), 1u);
    ASSERT_EQ(exposed.families[0].samples.size(), 1u);
    EXPECT_EQ(exposed.families[0].samples[0].labels, (Labels{{"master_pid", "1"}}));
    EXPECT_TRUE(exposed.targets.at(0).has_directory);
    EXPECT_FALSE(exposed.targets.at(1).has_directory);
    EXPECT_EQ(told_.size(), 1u);
    collect({{1, {}, {getpid()}}, {2, {}, {getpid()}}});
    EXPECT_EQ(told_.size(), 1u);
}

TEST_F(CollectorTest, KeysThatAreGoneMakeRoom) {
    const Folder folder;
    const Mapped file(folder, "counter_1.db", 5);
    for (int i = 0; i < 20; ++i) {
        const auto name = "b" + std::to_string(i);
        folder.write("counter_2.db",
                     client_bytes({{R"([")" + name + R"(", ")" + name + R"(_total", {}])", 1, 0}}, Layout::value));
        collect();
    }
    const auto exposed = collect();
    ASSERT_EQ(exposed.families.size(), 2u);
    EXPECT_EQ(exposed.families[1].name, "b19");
}

TEST_F(CollectorTest, RefusalsAreCountedAndTold) {
    const Folder folder;
    const Mapped file(folder, "counter_1.db", 5);
    folder.write("counter_2.db", client_bytes({{R"(["ours", "ours_total", {}])", 1, 0}}, Layout::value));
    folder.write("counter_3.db", "nothing of the kind");
    collect();
    const auto exposed = collect();
    EXPECT_EQ(exposed.families.size(), 1u);
    EXPECT_EQ(exposed.targets.at(0).refused_files.of(FileRefusal::malformed) +
                  exposed.targets.at(0).refused_files.of(FileRefusal::too_large),
              2u);
    EXPECT_EQ(exposed.targets.at(0).refused_series.of(SeriesRefusal::name_clash), 1u);
    EXPECT_EQ(told_.size(), 2u);
}

TEST_F(CollectorTest, LivePidsAreThoseOfTheNamespace) {
    const Processes processes{1, {}, {getpid()}};
    LivePids live(proc_, processes);
    EXPECT_TRUE(live.has(std::to_string(getpid())));
    EXPECT_TRUE(live.has("1"));
    EXPECT_TRUE(live.has("a name"));
    const auto child = fork();
    if (child == 0) _exit(0);
    siginfo_t state{};
    waitid(P_PID, static_cast<id_t>(child), &state, WEXITED | WNOWAIT);
    EXPECT_FALSE(live.has(std::to_string(child))); // a zombie
    waitid(P_PID, static_cast<id_t>(child), &state, WEXITED);
    EXPECT_FALSE(live.has(std::to_string(child)));
}

} // namespace
} // namespace multiprocess
