// SPDX-License-Identifier: BSD-2-Clause
#include "source_tree.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace structure {

namespace {

const std::filesystem::path kRoot = SOURCE_ROOT;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

} // namespace

std::string SourceFile::folder() const {
    const std::string prefix = "userspace/";
    if (!path.starts_with(prefix)) return {};
    const auto end = path.find('/', prefix.size());
    return end == std::string::npos ? std::string() : path.substr(prefix.size(), end - prefix.size());
}

std::vector<Include> SourceFile::includes() const {
    static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^">]+)[">])");
    std::vector<Include> found;
    std::smatch match;
    for (const auto& line : lines) {
        if (std::regex_search(line, match, pattern)) found.push_back({match[2], match[1] == "\""});
    }
    return found;
}

std::vector<SourceFile> files_below(const std::filesystem::path& folder, const std::vector<std::string>& endings) {
    std::vector<SourceFile> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / folder)) {
        const auto name = entry.path().filename().string();
        const bool wanted =
            std::ranges::any_of(endings, [&](const std::string& ending) { return name.ends_with(ending); });
        if (!entry.is_regular_file() || !wanted) continue;
        files.push_back({std::filesystem::relative(entry.path(), kRoot).string(), lines_of(entry.path())});
    }
    std::ranges::sort(files, {}, &SourceFile::path);
    return files;
}

std::map<std::string, std::string> reachable_headers(const SourceFile& file) {
    static const auto own = [] {
        std::map<std::string, SourceFile> headers; // as they are written in an include
        for (const auto* folder : {"userspace", "include"})
            for (auto& header : files_below(folder, {".h"}))
                headers.emplace(header.path.substr(header.path.find('/') + 1), header);
        return headers;
    }();
    std::map<std::string, std::string> reached;
    std::vector<const SourceFile*> left{&file};
    while (!left.empty()) {
        const auto* from = left.back();
        left.pop_back();
        for (const auto& include : from->includes()) {
            if (!reached.emplace(include.header, from->path).second) continue;
            if (const auto header = own.find(include.header); header != own.end()) left.push_back(&header->second);
        }
    }
    return reached;
}

std::vector<std::string> folder_order() {
    static const std::regex pattern(R"(foreach\(folder ([a-z0-9 ]+)\))");
    std::smatch match;
    for (const auto& line : lines_of(kRoot / "userspace/CMakeLists.txt")) {
        if (!std::regex_search(line, match, pattern)) continue;
        std::istringstream words(match[1]);
        return {std::istream_iterator<std::string>(words), {}};
    }
    return {};
}

} // namespace structure
