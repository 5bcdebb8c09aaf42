// SPDX-License-Identifier: BSD-2-Clause
// Names that were replaced do not come back: each line of retired_identifiers.txt is searched for as a whole word in
// everything that is under version control, except the change log, which may tell of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "source_tree.h"

namespace {

const std::string kList = "tests/unit/structure/retired_identifiers.txt";

std::unordered_set<std::string> retired() {
    std::unordered_set<std::string> names;
    std::ifstream file(std::string(SOURCE_ROOT) + "/" + kList);
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) names.insert(line);
    return names;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// Maximal runs of letters, digits and underscores, as `git grep -w` sees words.
std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    for (auto begin = std::ranges::find_if(line, is_word); begin != line.end();) {
        const auto end = std::find_if_not(begin, line.end(), is_word);
        words.emplace_back(begin, end);
        begin = std::find_if(end, line.end(), is_word);
    }
    return words;
}

TEST(RetiredIdentifiers, AreWordsThatOneSearchFinds) {
    const auto names = retired();
    ASSERT_GT(names.size(), 20u);
    for (const auto& name : names) EXPECT_TRUE(std::ranges::all_of(name, is_word)) << '"' << name << '"';
}

TEST(RetiredIdentifiers, OccurNowhere) {
    const auto names = retired();
    const auto files = structure::text_files();
    ASSERT_GT(files.size(), 400u);
    for (const auto& file : files) {
        if (file.path == "CHANGELOG.md" || file.path == kList) continue;
        for (std::size_t number = 0; number < file.lines.size(); number++)
            for (const auto& word : words_of(file.lines[number]))
                EXPECT_FALSE(names.contains(word)) << file.path << ':' << number + 1 << ": " << word;
    }
}

} // namespace
