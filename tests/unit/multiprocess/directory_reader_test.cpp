// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#include "client_file.h"
#include "multiprocess/directory_reader.h"

namespace multiprocess {
namespace {

const std::string kCounter = R"(["a", "a_total", {}, "h"])";
const std::string kGauge = R"(["g", "g", {}, "h"])";

class DirectoryReaderTest : public testing::Test {
protected:
    ~DirectoryReaderTest() override { close(directory_); }

    // Value of the first key, by pid.
    std::map<std::string, double> read(Allowance allowance = {100, 1 << 20, 1 << 19}) {
        refused_.clear();
        std::map<std::string, double> values;
        const auto& files = reader_.read(directory_, table_, allowance, is_live_,
                                         [&](const std::string& file, FileRefusal reason) { refused_[file] = reason; });
        for (const auto& file : files)
            if (!file.readings.empty()) values[file.name.pid] = file.readings[0].value;
        return values;
    }

    void write_counter(const std::string& pid, double value, Layout layout = Layout::value_and_time) const {
        folder_.write("counter_" + pid + ".db", client_bytes({{kCounter, value, 0}}, layout));
    }

    using Values = std::map<std::string, double>;
    using Reasons = std::map<std::string, FileRefusal>;

    Folder folder_;
    int directory_ = folder_.open();
    DirectoryReader reader_;
    SeriesTable table_{1000};
    Reasons refused_;
    DirectoryReader::IsLive is_live_ = [](const std::string& pid) { return pid != "666"; };
};

TEST_F(DirectoryReaderTest, ReadsAgainWhatChanges) {
    write_counter("1", 3);
    write_counter("2", 4, Layout::value);
    EXPECT_EQ(read(), (Values{{"1", 3}, {"2", 4}}));
    write_counter("1", 5);
    std::filesystem::remove(folder_.path() / "counter_2.db");
    EXPECT_EQ(read(), (Values{{"1", 5}}));
    EXPECT_TRUE(refused_.empty());
}

TEST_F(DirectoryReaderTest, InTheOrderOfTheDirectory) {
    for (int pid = 0; pid < 50; ++pid) write_counter(std::to_string(pid), 1);
    read();
    std::vector<std::string> listed;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) listed.push_back(entry.path().stem());
    Allowance allowance{100, 1 << 20, 1 << 19};
    const auto& files =
        reader_.read(directory_, table_, allowance, [](const auto&) { return true; }, [](const auto&, auto) {});
    ASSERT_EQ(files.size(), listed.size());
    for (std::size_t i = 0; i < files.size(); ++i) EXPECT_EQ("counter_" + files[i].name.pid, listed[i]);
}

TEST_F(DirectoryReaderTest, LiveGaugesOfTheLiving) {
    for (const auto* name : {"gauge_livesum_1.db", "gauge_livesum_666.db"})
        folder_.write(name, client_bytes({{kGauge, 1, 0}}, Layout::value));
    write_counter("666", 7);
    EXPECT_EQ(read(), (Values{{"1", 1}, {"666", 7}}));
}

TEST_F(DirectoryReaderTest, WhatIsNoFileOfTheClientsIsRefused) {
    write_counter("1", 1);
    symlink("counter_1.db", (folder_.path() / "counter_2.db").c_str());
    symlink("nowhere", (folder_.path() / "counter_3.db").c_str());
    mkfifo((folder_.path() / "counter_4.db").c_str(), 0600);
    mkdir((folder_.path() / "counter_5.db").c_str(), 0700);
    folder_.write("gauge_odd_6.db", client_bytes({}, Layout::value));
    std::ofstream(folder_.path() / "counter_7.db") << "abc";
    std::ofstream(folder_.path() / "counter_8.db") << std::string("\x20\0\0\0\0\0\0\0", 8);
    folder_.write("counter_9.db", std::string("\x20\0\0\0", 4));
    folder_.write("counter_10.db", std::string("\0\0\0\x20", 4));
    truncate((folder_.path() / "counter_10.db").c_str(), off_t{1} << 40);
    EXPECT_EQ(read(), (Values{{"1", 1}}));
    EXPECT_EQ(refused_, (Reasons{{"counter_2.db", FileRefusal::symbolic_link},
                                 {"counter_3.db", FileRefusal::symbolic_link},
                                 {"counter_4.db", FileRefusal::no_regular_file},
                                 {"counter_5.db", FileRefusal::no_regular_file},
                                 {"gauge_odd_6.db", FileRefusal::unknown_name},
                                 {"counter_7.db", FileRefusal::truncated},
                                 {"counter_8.db", FileRefusal::truncated},
                                 {"counter_9.db", FileRefusal::malformed},
                                 {"counter_10.db", FileRefusal::too_large}}));
}

TEST_F(DirectoryReaderTest, LongFiles) {
    std::vector<Written> written;
    for (int i = 0; i < 3000; ++i)
        written.push_back({R"(["a", "a_total", {"n": ")" + std::to_string(i) + R"("}, "h"])", 1.0 + i, 0});
    folder_.write("counter_1.db", client_bytes(written, Layout::value));
    SeriesTable table(10000);
    Allowance allowance{100, 1 << 20, 1 << 19};
    const auto& files =
        reader_.read(directory_, table, allowance, [](const auto&) { return true; }, [](const auto&, auto) {});
    ASSERT_EQ(files.size(), 1u);
    ASSERT_EQ(files[0].readings.size(), 3000u);
    for (std::size_t i = 0; i < 3000; ++i) ASSERT_EQ(files[0].readings[i].value, 1.0 + static_cast<double>(i));
}

TEST_F(DirectoryReaderTest, KeepsTheirValuesWhileFilesCannotBeRead) {
    write_counter("1", 3);
    read();
    folder_.write("counter_1.db", std::string("\x21\0\0\0", 4));
    EXPECT_EQ(read(), (Values{{"1", 3}}));
    EXPECT_EQ(refused_, (Reasons{{"counter_1.db", FileRefusal::malformed}}));
    truncate((folder_.path() / "counter_1.db").c_str(), 4);
    EXPECT_EQ(read(), (Values{{"1", 3}}));
    // The number of bytes in use is written by old clients as a 0 first.
    folder_.write("counter_1.db", std::string(8, '\0'));
    EXPECT_EQ(read(), (Values{{"1", 3}}));
    write_counter("1", 4);
    EXPECT_EQ(read(), (Values{{"1", 4}}));
    EXPECT_TRUE(refused_.empty());
}

TEST_F(DirectoryReaderTest, AnotherFileOfThatNameBeginsAnew) {
    write_counter("1", 3);
    read();
    write_counter("2", 1); // takes another inode
    std::filesystem::rename(folder_.path() / "counter_2.db", folder_.path() / "counter_1.db");
    truncate((folder_.path() / "counter_1.db").c_str(), 4);
    EXPECT_EQ(read(), Values{});
}

// Old clients write every value as a 0 first, for some nanoseconds.
TEST_F(DirectoryReaderTest, SumsOfOldClientsDoNotReturnToZero) {
    write_counter("1", 3, Layout::value);
    write_counter("2", 4, Layout::value_and_time);
    folder_.write("gauge_sum_3.db", client_bytes({{kGauge, 5, 0}}, Layout::value));
    read();
    write_counter("1", 0, Layout::value);
    write_counter("2", 0, Layout::value_and_time);
    folder_.write("gauge_sum_3.db", client_bytes({{kGauge, 0, 0}}, Layout::value));
    EXPECT_EQ(read(), (Values{{"1", 3}, {"2", 0}, {"3", 0}}));
}

TEST_F(DirectoryReaderTest, ReadsWhatLivesFirst) {
    is_live_ = [](const std::string& pid) { return pid == "5"; };
    for (int pid = 0; pid < 10; ++pid) write_counter(std::to_string(pid), pid);
    EXPECT_TRUE(read({1, 1 << 20, 1 << 19}).contains("5"));
    is_live_ = [](const std::string& pid) { return pid == "7"; };
    EXPECT_EQ(read({1, 1 << 20, 1 << 19}), (Values{{"5", 5}, {"7", 7}})) << "and what was read stays";
}

TEST_F(DirectoryReaderTest, GivesThemInTheOrderOfTheDirectory) {
    for (int pid = 0; pid < 20; ++pid) write_counter(std::to_string(pid), pid);
    const auto order = [&](const DirectoryReader::IsLive& is_live) {
        Allowance allowance{100, 1 << 20, 1 << 19};
        std::vector<std::string> pids;
        for (const auto& file : reader_.read(directory_, table_, allowance, is_live, [](const auto&, auto) {}))
            pids.push_back(file.name.pid);
        return pids;
    };
    EXPECT_EQ(order([](const std::string& pid) { return pid == "7"; }),
              order([](const std::string&) { return false; }));
}

TEST_F(DirectoryReaderTest, WithinItsAllowance) {
    for (int pid = 0; pid < 5; ++pid) write_counter(std::to_string(pid), 1);
    EXPECT_EQ(read({2, 1 << 20, 1 << 19}).size(), 2u);
    EXPECT_EQ(std::ranges::count(refused_, FileRefusal::too_many_files, [](const auto& each) { return each.second; }),
              3);
    reader_.forget();
    const auto one = client_bytes({{kCounter, 1, 0}}, Layout::value_and_time).size();
    EXPECT_EQ(read({100, 3 * one, 1 << 19}).size(), 3u);
    EXPECT_EQ(std::ranges::count(refused_, FileRefusal::too_many_bytes, [](const auto& each) { return each.second; }),
              2);
    reader_.forget();
    EXPECT_EQ(read({100, 1 << 20, one - 8}).size(), 0u);
    EXPECT_EQ(std::ranges::count(refused_, FileRefusal::too_large, [](const auto& each) { return each.second; }), 5);
}

// A value that is written while it is read is the one before or the one after, never half of each.
TEST_F(DirectoryReaderTest, NoValueIsTorn) {
    const double one = std::bit_cast<double>(0x3ff0000000000000u);
    const double other = std::bit_cast<double>(0x40ffffffffffffffu);
    const auto bytes = client_bytes({{kCounter, one, 0}}, Layout::value_and_time);
    folder_.write("counter_1.db", bytes);
    const int fd = open((folder_.path() / "counter_1.db").c_str(), O_RDWR | O_CLOEXEC);
    auto* mapped = static_cast<char*>(mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ASSERT_NE(mapped, MAP_FAILED);
    auto& value = *reinterpret_cast<double*>(mapped + bytes.size() - 16);
    ASSERT_EQ(value, one);
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        while (!stop) {
            std::atomic_ref(value).store(other);
            std::atomic_ref(value).store(one);
        }
    });
    for (int i = 0; i < 3000; ++i) {
        const auto seen = read().at("1");
        if (seen != one && seen != other) ADD_FAILURE() << std::hex << std::bit_cast<std::uint64_t>(seen);
    }
    stop = true;
    writer.join();
    munmap(mapped, 65536);
    close(fd);
}

// Files that come, go, shrink and grow meanwhile.
TEST_F(DirectoryReaderTest, OthersWorkThere) {
    std::atomic<bool> stop = false;
    std::thread other([&] {
        const auto path = folder_.path() / "counter_1.db";
        for (int i = 0; !stop; ++i) {
            std::ofstream(path, std::ios::binary)
                << client_bytes({{kCounter, 1, 0}, {kCounter, 2, 0}}, i % 2 ? Layout::value : Layout::value_and_time);
            truncate(path.c_str(), i % 50);
            truncate(path.c_str(), 100000);
            if (i % 3 == 0) unlink(path.c_str());
        }
    });
    for (int i = 0; i < 3000; ++i)
        for (const auto& [pid, value] : read()) EXPECT_TRUE(value == 1 || value == 0) << value;
    stop = true;
    other.join();
}

} // namespace
} // namespace multiprocess
