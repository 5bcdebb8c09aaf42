// SPDX-License-Identifier: BSD-2-Clause
// Probes in the file of an interpreter: USDT notes that the exporter reads itself, and one file in two containers.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

namespace fs = std::filesystem;

probe::Options with_collector() {
    auto options = small_options();
    options.groups.collector = true;
    return options;
}

std::uint64_t count(const event::PauseHistogram& pauses) {
    return std::accumulate(std::begin(pauses.buckets), std::end(pauses.buckets), std::uint64_t{0});
}

class PythonProbe : public ProbeFixture {
protected:
    PythonProbe() : ProbeFixture(with_collector()) {}

    // Runs the interpreter at `python` with a program that collects when it is observed. Returns its slot.
    event::Slot collect(const std::string& python, const std::string& program) {
        std::array<int, 2> begin{};
        std::array<int, 2> ready{};
        EXPECT_EQ(pipe(begin.data()) | pipe(ready.data()), 0);
        const auto text = "import gc; gc.disable(); print(flush=True); input()\n" + program;
        const auto pid = fork();
        if (pid == 0) {
            dup2(begin[0], STDIN_FILENO);
            dup2(ready[1], STDOUT_FILENO);
            close(begin[1]);
            execl(python.c_str(), python.c_str(), "-I", "-S", "-c", text.c_str(), nullptr);
            _exit(127);
        }
        close(begin[0]);
        close(ready[1]);
        // Only now: execve() ends what is observed.
        char line = 0;
        EXPECT_EQ(read(ready[0], &line, 1), 1);
        close(ready[0]);
        const auto slot = probe_->observe_worker(pid, master_slot_);
        EXPECT_NE(slot, 0u);
        EXPECT_EQ(write(begin[1], "\n", 1), 1);
        close(begin[1]);
        int status = -1;
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        EXPECT_EQ(status, 0);
        return slot;
    }
    std::uint64_t collected(event::Slot slot, std::size_t generation) const {
        const auto pauses = probe_->collections(slot);
        return pauses ? count(pauses->at(generation)) : 0;
    }
};

TEST_F(PythonProbe, UsdtArgumentsAreReadFromTheNotes) {
    const auto id = probe_->attach_python(probe::PythonProbe::collections, "/usr/bin/python3", 0);
    ASSERT_TRUE(id) << id.error().text;
    const auto slot = collect("/usr/bin/python3", "for g in (0, 0, 1, 2, 2, 2): gc.collect(g)");
    EXPECT_EQ(collected(slot, 0), 2u);
    EXPECT_EQ(collected(slot, 1), 1u);
    EXPECT_GE(collected(slot, 2), 3u) << "one more at the interpreter's end";
    probe_->detach_python(*id);
    const auto later = collect("/usr/bin/python3", "gc.collect(0)");
    EXPECT_EQ(collected(later, 0), 0u);
}

TEST_F(PythonProbe, AFileWithoutUsdtIsAnError) {
    const auto id = probe_->attach_python(probe::PythonProbe::collections, "/proc/self/exe", 0);
    ASSERT_FALSE(id);
    EXPECT_THAT(id.error().text, testing::HasSubstr("has no such probe"));
}

dev_t device_of(const std::string& path) {
    struct stat file{};
    EXPECT_EQ(stat(path.c_str(), &file), 0);
    return file.st_dev;
}

// A root that two containers of one image have: two mounts of overlayfs above the same layer.
class Overlays {
public:
    Overlays() {
        unshare(CLONE_NEWNS);
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        mkdtemp(base_.data());
        // overlayfs does not take directories of overlayfs below another as upper ones.
        mount("tmpfs", base_.c_str(), "tmpfs", 0, nullptr);
        fs::create_directories(base_ + "/image");
        fs::copy_file("/usr/bin/python3", base_ + "/image/python3");
        for (const std::string name : {"one", "two"}) {
            for (const std::string part : {"/upper", "/work", "/root"})
                fs::create_directories(base_ + "/" + name + part);
            const auto below = base_ + "/" + name;
            const auto options = "lowerdir=" + base_ + "/image,upperdir=" + below + "/upper,workdir=" + below + "/work";
            ok_ = mount("overlay", (below + "/root").c_str(), "overlay", 0, options.c_str()) == 0 && ok_;
        }
    }
    ~Overlays() {
        // A uprobe keeps the file, and so the mount, until it is detached.
        for (const std::string name : {"one", "two"}) umount2((base_ + "/" + name + "/root").c_str(), MNT_DETACH);
        umount2(base_.c_str(), MNT_DETACH);
        rmdir(base_.c_str());
    }
    bool ok() const { return ok_; }
    std::string python(const std::string& name) const { return base_ + "/" + name + "/root/python3"; }

private:
    std::string base_ = "/tmp/overlays-XXXXXX";
    bool ok_ = true;
};

TEST_F(PythonProbe, TwoMountsOfOneLayerAreOneFileAndAHitCountsOnce) {
    const Overlays overlays;
    ASSERT_TRUE(overlays.ok()) << "this kernel has no overlayfs";
    const auto one = probe_->probed_inode(overlays.python("one"));
    const auto two = probe_->probed_inode(overlays.python("two"));
    const auto other = probe_->probed_inode("/usr/bin/python3");
    ASSERT_TRUE(one && two && other) << (one ? "" : one.error().text);
    EXPECT_EQ(*one, *two);
    EXPECT_NE(device_of(overlays.python("one")), device_of(overlays.python("two"))) << "which stat() cannot tell";
    EXPECT_NE(*one, *other);

    std::set<probe::MappedFile> attached;
    for (const auto* name : {"one", "two"}) {
        if (!attached.insert(*probe_->probed_inode(overlays.python(name))).second) continue;
        ASSERT_TRUE(probe_->attach_python(probe::PythonProbe::collections, overlays.python(name), 0));
    }
    for (const auto* name : {"one", "two"}) {
        const auto slot = collect(overlays.python(name), "for g in (0, 0, 0): gc.collect(g)");
        EXPECT_EQ(collected(slot, 0), 3u) << name;
    }
}

TEST_F(PythonProbe, AFileThatCannotBeMappedHasNoInode) {
    EXPECT_FALSE(probe_->probed_inode("/nonexistent"));
    EXPECT_FALSE(probe_->probed_inode("/tmp"));
}

} // namespace
} // namespace kernel_test
