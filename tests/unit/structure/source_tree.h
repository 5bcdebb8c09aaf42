// SPDX-License-Identifier: BSD-2-Clause
// The project's own source files, as text.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace structure {

struct Include {
    std::string header; // as written, without quotes or brackets
    bool quoted;
};

struct SourceFile {
    std::string path; // below the source tree, "userspace/event/decode.h"
    std::vector<std::string> lines;

    // The folder below userspace/, or empty.
    std::string folder() const;
    std::vector<Include> includes() const;
};

// Files below a folder of the source tree whose names end so.
std::vector<SourceFile> files_below(const std::filesystem::path& folder, const std::vector<std::string>& endings);

// All that a file includes, directly and through the project's own headers: each header with the file that includes it.
std::map<std::string, std::string> reachable_headers(const SourceFile& file);

// All files of the source tree that hold text: what git tracks, or where there is no git, all but folders that builds
// leave.
std::vector<SourceFile> text_files();

// The folders of userspace/ in the direction of the data, as userspace/CMakeLists.txt adds them.
std::vector<std::string> folder_order();

} // namespace structure
