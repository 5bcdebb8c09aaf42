// SPDX-License-Identifier: BSD-2-Clause
// Which files a process has mapped, and what it was given in its environment.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "errno_text.h"
#include "procfs/fields.h"
#include "procfs/file.h"
#include "procfs/procfs.h"

namespace procfs {
namespace {

// "<begin>-<end> rw-s <offset> <device> <inode>   <path>": the path of a shared mapping, else nothing.
std::string_view shared_path_in(std::string_view line) {
    skip_fields(line, 1);
    const auto permissions = next_field(line);
    if (permissions.size() != 4 || permissions[3] != 's') return {};
    skip_fields(line, 3);
    const auto begin = line.find_first_not_of(' ');
    return begin == std::string_view::npos ? std::string_view{} : line.substr(begin);
}

} // namespace

Result<std::vector<std::string>> ProcFs::shared_files(pid_t pid, std::string_view ending) const {
    TRY(const auto text, read_file(path(pid, "maps")));
    // A path shows as it is below our own root, where it can be reached from there: below a changed root (chroot) with
    // that root in front, in another mount namespace without it.
    std::array<char, PATH_MAX> target{};
    const auto length = readlink(path(pid, "root").c_str(), target.data(), target.size());
    if (length < 0) return errno_failure(path(pid, "root"), errno);
    std::string root(target.data(), static_cast<std::size_t>(length));
    if (root == "/") root.clear();

    std::vector<std::string> files;
    for (std::string_view rest = text; !rest.empty();) {
        auto file = shared_path_in(next_line(rest));
        if (!file.starts_with('/') || !file.ends_with(ending)) continue;
        if (!root.empty()) {
            if (!file.starts_with(root + "/")) continue;
            file.remove_prefix(root.size());
        }
        files.emplace_back(file);
    }
    std::ranges::sort(files);
    const auto repeated = std::ranges::unique(files);
    files.erase(repeated.begin(), repeated.end());
    return files;
}

Result<std::optional<std::string>> ProcFs::environment(pid_t pid, std::string_view name) const {
    TRY(const auto text, read_file(path(pid, "environ")));
    for (std::string_view rest = text; !rest.empty();) {
        const auto end = std::min(rest.find('\0'), rest.size());
        const auto variable = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (variable.starts_with(name) && variable.substr(name.size()).starts_with('='))
            return std::string(variable.substr(name.size() + 1));
    }
    return std::nullopt;
}

} // namespace procfs
