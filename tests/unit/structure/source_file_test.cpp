// SPDX-License-Identifier: BSD-2-Clause
// What holds for each file: it says what it is and under which licence, it can be read in one sitting, and it names no
// place of the machine that it was written on.
#include <gtest/gtest.h>

#include <algorithm>

#include "source_tree.h"

namespace {

using structure::SourceFile;

const std::vector<std::string> kCode = {".h", ".cpp", ".c", ".py", ".sh", ".js", ".mjs", ".css", ".html"};

std::vector<SourceFile> files(std::initializer_list<const char*> folders) {
    std::vector<SourceFile> all;
    for (const auto* folder : folders) {
        auto some = structure::files_below(folder, kCode);
        std::ranges::move(some, std::back_inserter(all));
    }
    return all;
}

TEST(SourceFiles, NameTheirLicenceFirst) {
    for (const auto& file : files({"userspace", "bpf", "include", "tests", "scripts"})) {
        if (file.lines.empty()) continue; // __init__.py
        const bool script = file.lines.front().starts_with("#!");
        const std::size_t first = script ? 1 : 0;
        ASSERT_GT(file.lines.size(), first) << file.path;
        const auto& line = file.lines[first];
        EXPECT_NE(line.find("SPDX-License-Identifier: "), std::string::npos) << file.path;
        const bool kernel = file.path.starts_with("bpf/") || file.path.starts_with("include/");
        EXPECT_NE(line.find(kernel ? "(GPL-2.0-only OR BSD-2-Clause)" : "BSD-2-Clause"), std::string::npos)
            << file.path;
    }
}

TEST(SourceFiles, CanBeReadInOneSitting) {
    constexpr std::size_t kMax = 400;
    for (const auto& file : files({"userspace", "bpf", "include", "tests", "scripts"})) {
        EXPECT_LT(file.lines.size(), kMax) << file.path << " wants to be several files";
    }
}

TEST(SourceFiles, NameNoPlaceOfOneMachine) {
    // Put together here, so that this file does not name them.
    const std::string home = std::string("/") + "work/";
    const std::string temporary = std::string("\"/") + "tmp";
    for (const auto& file : files({"userspace", "bpf", "include", "tests", "scripts"})) {
        for (const auto& line : file.lines) {
            EXPECT_EQ(line.find(home), std::string::npos) << file.path << ": " << line;
            if (file.path.starts_with("tests/") || line.find("//") != std::string::npos) continue;
            EXPECT_EQ(line.find(temporary), std::string::npos) << file.path << ": " << line;
        }
    }
}

} // namespace
