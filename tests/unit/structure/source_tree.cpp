// SPDX-License-Identifier: BSD-2-Clause
#include "source_tree.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <sstream>
#include <utility>

namespace structure {

namespace {

const std::filesystem::path kRoot = SOURCE_ROOT;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

// Relative paths; none where git cannot tell.
std::vector<std::string> tracked_files() {
    const std::string command = "git -C '" + kRoot.string() + "' ls-files -z 2>/dev/null";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::vector<std::string> paths;
    std::string path;
    for (int c = 0; pipe && (c = fgetc(pipe.get())) != EOF;) {
        if (c != 0) {
            path += static_cast<char>(c);
            continue;
        }
        paths.push_back(path);
        path.clear();
    }
    return paths;
}

std::vector<std::string> walked_files() {
    std::vector<std::string> paths;
    for (auto entry = std::filesystem::recursive_directory_iterator(kRoot); entry != end(entry); ++entry) {
        const auto name = entry->path().filename().string();
        if (name == ".git" || name == "node_modules" || name.starts_with("build-") || entry->path() == kRoot / "build")
            entry.disable_recursion_pending();
        else if (entry->is_regular_file())
            paths.push_back(std::filesystem::relative(entry->path(), kRoot).string());
    }
    return paths;
}

bool holds_text(const std::vector<std::string>& lines) {
    return std::ranges::none_of(lines, [](const std::string& line) { return line.find('\0') != std::string::npos; });
}

} // namespace

std::vector<SourceFile> text_files() {
    auto paths = tracked_files();
    if (paths.empty()) paths = walked_files();
    std::vector<SourceFile> files;
    for (const auto& path : paths) {
        if (!std::filesystem::is_regular_file(kRoot / path)) continue; // removed, not yet committed
        auto lines = lines_of(kRoot / path);
        if (holds_text(lines)) files.push_back({path, std::move(lines)});
    }
    return files;
}

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
