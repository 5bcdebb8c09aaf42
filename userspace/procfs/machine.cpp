// SPDX-License-Identifier: BSD-2-Clause
// What /proc says about the machine as a whole.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "errno_text.h"
#include "procfs/fields.h"
#include "procfs/file.h"
#include "procfs/procfs.h"

namespace procfs {

Result<std::vector<pid_t>> ProcFs::pids() const {
    const auto name = root_.string();
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{opendir(name.c_str()), closedir};
    if (!directory) return errno_failure(name, errno);
    std::vector<pid_t> pids;
    while (const auto* entry = readdir(directory.get())) {
        if (const auto pid = number<pid_t>(entry->d_name)) pids.push_back(*pid);
    }
    std::ranges::sort(pids);
    return pids;
}

Result<std::int64_t> ProcFs::boot_time() const {
    const auto name = (root_ / "stat").string();
    TRY(const auto text, read_file(name));
    for (std::string_view rest = text; !rest.empty();) {
        auto line = next_line(rest);
        if (next_field(line) != "btime") continue;
        if (const auto seconds = number<std::int64_t>(next_field(line))) return *seconds;
    }
    return fail(name + ": no line \"btime\"");
}

Result<std::uint64_t> ProcFs::uptime_ticks() const {
    const auto name = (root_ / "uptime").string();
    TRY(const auto text, read_file(name));
    // "350735.47 234388.90": always two decimals.
    std::string_view rest = text;
    const auto field = next_field(rest);
    const auto point = field.find('.');
    const auto seconds = number<std::uint64_t>(field.substr(0, point));
    const auto hundredths = point == std::string_view::npos ? std::optional<std::uint64_t>{}
                                                            : number<std::uint64_t>(field.substr(point + 1));
    if (!seconds || !hundredths) return fail(name + ": not a time: " + std::string{field});
    return *seconds * ticks_per_second() + *hundredths * ticks_per_second() / 100;
}

Result<pid_t> ProcFs::own_pid() const {
    const auto name = (root_ / "self").string();
    std::array<char, 16> target{};
    const auto length = readlink(name.c_str(), target.data(), target.size());
    if (length < 0) return errno_failure(name, errno);
    const std::string_view text{target.data(), static_cast<std::size_t>(length)};
    if (const auto pid = number<pid_t>(text)) return *pid;
    return fail(name + ": not a number: " + std::string{text});
}

Result<pid_t> ProcFs::pid_max() const {
    const auto name = (root_ / "sys/kernel/pid_max").string();
    TRY(const auto text, read_file(name));
    std::string_view rest = text;
    if (const auto pid = number<pid_t>(next_field(rest))) return *pid;
    return fail(name + ": not a number: " + text);
}

std::uint64_t ProcFs::ticks_per_second() { return static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)); }

} // namespace procfs
