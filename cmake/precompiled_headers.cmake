# SPDX-License-Identifier: BSD-2-Clause
# Parsing the standard library and fmt takes most of what a small file takes to compile, so all of userspace/ shares one
# precompiled header. Each file includes what it uses all the same: -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON, which the clang
# preset sets, finds what is missing. Libraries that few files use are left out, since each file pays for what is in it.
add_library(userspace_headers OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled_headers.cpp)
target_link_libraries(userspace_headers PRIVATE project_options)
target_precompile_headers(userspace_headers PRIVATE
    <algorithm> <array> <charconv> <chrono> <cstdint> <expected> <filesystem> <functional> <map> <memory> <optional> <set>
    <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)
