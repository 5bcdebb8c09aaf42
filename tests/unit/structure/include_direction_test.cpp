// SPDX-License-Identifier: BSD-2-Clause
// One way through the house: a folder of userspace/ includes itself and folders before it, BPF stays in one of them
// and Prometheus in the last ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "source_tree.h"

namespace {

using structure::SourceFile;

const std::vector<SourceFile>& sources() {
    static const auto files = structure::files_below("userspace", {".h", ".cpp"});
    return files;
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
    return std::ranges::find(names, name) != names.end();
}

// What every folder may include, and the program.
const std::set<std::string> kCommon{"userspace/ascii.h",      "userspace/clocks.h", "userspace/descriptor.h",
                                    "userspace/errno_text.h", "userspace/main.cpp", "userspace/result.h"};

TEST(IncludeDirection, TheOrderIsKnown) {
    const auto order = structure::folder_order();
    ASSERT_GE(order.size(), 10u);
    EXPECT_EQ(order.front(), "procfs");
    EXPECT_EQ(order.back(), "commands");
    EXPECT_GT(sources().size(), 40u);
    for (const auto& file : sources()) {
        if (kCommon.contains(file.path)) continue;
        EXPECT_NE(std::ranges::find(order, file.folder()), order.end()) << file.path << " is in no known folder";
    }
}

TEST(IncludeDirection, NoFolderIncludesALaterOne) {
    const auto order = structure::folder_order();
    const auto rank = [&](const std::string& folder) { return std::ranges::find(order, folder) - order.begin(); };
    for (const auto& file : sources()) {
        if (file.folder().empty()) continue;
        for (const auto& include : file.includes()) {
            const auto other = include.header.substr(0, include.header.find('/'));
            if (!include.quoted || std::ranges::find(order, other) == order.end()) continue;
            EXPECT_LE(rank(other), rank(file.folder())) << file.path << " includes " << include.header;
        }
    }
}

bool is_of_bpf(const std::string& header) {
    return header.starts_with("bpf/") || header.starts_with("linux/bpf") || header.ends_with(".skel.h") ||
           is_one_of(header, {"probe/kernel.h", "probe/programs.h"});
}

bool is_contract(const std::string& header) { return header.starts_with("contract"); }

TEST(IncludeDirection, AUseThroughAnotherHeaderIsFound) {
    const auto file = std::ranges::find(sources(), "userspace/probe/consistent_snapshot.cpp", &SourceFile::path);
    ASSERT_NE(file, sources().end());
    for (const auto& include : file->includes()) EXPECT_NE(include.header, "contract.h");
    const auto headers = structure::reachable_headers(*file);
    ASSERT_TRUE(headers.contains("contract.h"));
    EXPECT_EQ(headers.at("contract.h"), "userspace/probe/consistent_snapshot.h");
}

TEST(IncludeDirection, OnlyTheProbeFolderKnowsBpf) {
    for (const auto& file : sources()) {
        if (file.folder() == "probe") continue;
        for (const auto& [header, through] : structure::reachable_headers(file))
            EXPECT_FALSE(is_of_bpf(header)) << file.path << " includes " << header << ", by " << through;
    }
}

TEST(IncludeDirection, OnlyTheObserverAndTheCommandsUseTheProbe) {
    for (const auto& file : sources()) {
        if (is_one_of(file.folder(), {"probe", "observer", "commands"})) continue;
        for (const auto& include : file.includes())
            EXPECT_FALSE(include.header.starts_with("probe/")) << file.path << " includes " << include.header;
    }
}

// Decoding is what the probe includes of event/ beyond the values that it gives out.
TEST(IncludeDirection, NothingBehindDecodingKnowsTheContract) {
    for (const auto& file : sources()) {
        if (is_one_of(file.folder(), {"event", "probe"})) continue;
        for (const auto& [header, through] : structure::reachable_headers(file))
            EXPECT_FALSE(is_contract(header)) << file.path << " includes " << header << ", by " << through;
    }
}

TEST(IncludeDirection, TheProbesOwnHeaderHidesTheContract) {
    const auto file = std::ranges::find(sources(), "userspace/probe/probe.h", &SourceFile::path);
    ASSERT_NE(file, sources().end());
    for (const auto& [header, through] : structure::reachable_headers(*file)) {
        EXPECT_FALSE(is_contract(header)) << "by " << through;
        EXPECT_FALSE(header.starts_with("event/decode")) << "by " << through;
    }
}

TEST(IncludeDirection, OnlyMetricsAndCommandsKnowPrometheus) {
    for (const auto& file : sources()) {
        if (is_one_of(file.folder(), {"metrics", "commands"})) continue;
        for (const auto& include : file.includes())
            EXPECT_FALSE(include.header.starts_with("prometheus/")) << file.path << " includes " << include.header;
    }
}

TEST(IncludeDirection, OnlyTheCommandsKnowWhatIsServed) {
    for (const auto& file : sources()) {
        // A report is a page of its own.
        if (is_one_of(file.folder(), {"live", "assets", "commands", "report"})) continue;
        for (const auto& include : file.includes())
            EXPECT_FALSE(include.header.starts_with("live/") || include.header.starts_with("assets/"))
                << file.path << " includes " << include.header;
    }
}

TEST(IncludeDirection, TheLivePageIsMadeOfSnapshotsOnly) {
    for (const auto& file : sources()) {
        if (file.folder() != "live") continue;
        for (const auto& include : file.includes())
            EXPECT_FALSE(include.quoted && !include.header.starts_with("live/") &&
                         !include.header.starts_with("model/") && !kCommon.contains("userspace/" + include.header))
                << file.path << " includes " << include.header;
    }
}

} // namespace
