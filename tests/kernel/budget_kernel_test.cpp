// SPDX-License-Identifier: BSD-2-Clause
// The budget: how many instructions the verifier walks for each program, against the table in bpf/budget.txt. A change
// that makes a program twice as hard to verify is seen here, and not by the first user of an old kernel.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <span>
#include <sstream>
#include <vector>

#include "probe/object.h"
#include "probe/programs.h"

namespace {

using Counts = std::map<std::string, long>;

// "name  with bpf_loop()  with bounded loops" on each line; "#" begins a comment.
Counts table(probe::Loops loops) {
    Counts most;
    std::ifstream file(BUDGET);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string name;
        long helper = 0;
        long bounded = 0;
        if (words >> name >> helper >> bounded) most[name] = loops == probe::Loops::helper ? helper : bounded;
    }
    return most;
}

// What the verifier says of each program ("processed 1234 insns (limit 1000000) …"), on the running kernel.
Counts measure(probe::Loops loops, bool tracing) {
    constexpr int kStatistics = 4; // BPF_LOG_STATS
    const auto object = probe::open_object(loops);
    if (!object) return {};
    object->rodata->watch_raises = 1; // with all that a user may turn on
    object->rodata->trace_requests = object->rodata->record_every_response = tracing;
    std::map<std::string, std::vector<char>> logs;
    for (const auto& row : probe::programs()) {
        auto* program = probe::find(*object, row);
        auto& log = logs[std::string(row.name)];
        log.resize(65536);
        bpf_program__set_log_level(program, kStatistics);
        bpf_program__set_log_buf(program, log.data(), log.size());
    }
    if (gunicorn_probes::load(object.get())) return {};
    static const std::regex pattern("processed ([0-9]+) insns");
    Counts counts;
    std::cmatch match;
    for (const auto& [name, log] : logs)
        counts[name] = std::regex_search(log.data(), match, pattern) ? std::stol(match[1]) : -1;
    return counts;
}

class Budget : public testing::TestWithParam<probe::Loops> {};

TEST_P(Budget, EachProgramKeepsWithinIt) {
    const auto most = table(GetParam());
    const auto counts = measure(GetParam(), false);
    ASSERT_FALSE(counts.empty()) << "the programs were not loaded; is this root, on a kernel with BTF?";
    for (const auto& [name, count] : counts) {
        ASSERT_TRUE(most.contains(name)) << "bpf/budget.txt lacks " << name << ", of " << count << " instructions";
        EXPECT_GT(count, 0) << name << ": the verifier said nothing";
        EXPECT_LE(count, most.at(name)) << name;
        RecordProperty(name, std::to_string(count));
    }
    for (const auto& [name, limit] : most)
        EXPECT_TRUE(counts.contains(name)) << "bpf/budget.txt has " << name << ", which is no program";
}

// With what tracing adds to the programs that are there anyway. Older kernels may walk more than this one.
TEST_P(Budget, TracingStaysFarBelowTheVerifiersLimit) {
    constexpr long kMost = 500'000;
    const auto counts = measure(GetParam(), true);
    ASSERT_FALSE(counts.empty()) << "the programs were not loaded";
    for (const auto& [name, count] : counts) {
        EXPECT_GT(count, 0) << name << ": the verifier said nothing";
        EXPECT_LE(count, kMost) << name;
        RecordProperty(name, std::to_string(count));
    }
}

// Linux 5.10 has one atomic instruction, an addition that returns nothing. The compiler may choose another one by
// itself.
TEST(BoundedObject, HasNoAtomicInstructionOfLaterKernels) {
    constexpr int kClass = 0x07;
    constexpr int kMode = 0xe0;
    const auto object = probe::open_object(probe::Loops::bounded);
    ASSERT_TRUE(object);
    ASSERT_EQ(gunicorn_probes::load(object.get()), 0);
    for (const auto& row : probe::programs()) {
        const auto* program = probe::find(*object, row);
        const std::span instructions(bpf_program__insns(program), bpf_program__insn_cnt(program));
        for (const auto& each : instructions) {
            const bool is_atomic = (each.code & kClass) == BPF_STX && (each.code & kMode) == BPF_ATOMIC;
            EXPECT_TRUE(!is_atomic || each.imm == BPF_ADD) << row.name;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Loops, Budget, testing::Values(probe::Loops::helper, probe::Loops::bounded),
                         [](const auto& loops) { return loops.param == probe::Loops::helper ? "helper" : "bounded"; });

} // namespace
