// SPDX-License-Identifier: BSD-2-Clause
// The memory of another process, read page by page.
#include "python/memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "descriptor.h"
#include "errno_text.h"

namespace python {

Result<Memory> Memory::open(const procfs::ProcFs& proc, pid_t pid, Budget budget) {
    const auto path = fmt::format("{}/{}/mem", proc.root().string(), pid);
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        const bool refused = errno == EACCES || errno == EPERM;
        return fail(fmt::format("open {}: {}{}", path, errno_text(errno),
                                refused ? " (needs CAP_SYS_PTRACE and kernel.yama.ptrace_scope below 3)" : ""));
    }
    return Memory{std::move(file), pid, budget};
}

Result<const Memory::Page*> Memory::page(Address begin) {
    if (const auto found = pages_.find(begin); found != pages_.end()) return &found->second;
    if (left_.pages == 0) return fail(fmt::format("memory of {}: more pages than a look may cost", pid_));
    --left_.pages;
    Page page;
    ssize_t got = 0;
    do {
        got = pread(file_.get(), page.data(), page.size(), static_cast<off_t>(begin));
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(page.size()))
        return fail(fmt::format("memory of {} at {:#x}: {}", pid_, begin,
                                got < 0 ? errno_text(errno) : "ends here (the process has ended)"));
    return &pages_.emplace(begin, page).first->second;
}

Result<void> Memory::read(Address address, std::span<std::byte> into) {
    if (left_.reads == 0) return fail(fmt::format("memory of {}: more reads than a look may cost", pid_));
    --left_.reads;
    constexpr auto kEnd = static_cast<Address>(std::numeric_limits<off_t>::max());
    if (address > kEnd - kPage || into.size() > kEnd - kPage - address)
        return fail(fmt::format("memory of {} at {:#x}: no address of a process", pid_, address));
    while (!into.empty()) {
        const auto within = static_cast<std::size_t>(address % kPage);
        TRY(const auto* const from, page(address - within));
        const auto bytes = std::min(into.size(), kPage - within);
        std::memcpy(into.data(), from->data() + within, bytes);
        into = into.subspan(bytes);
        address += bytes;
    }
    return {};
}

void Memory::forget() {
    pages_.clear();
    left_ = budget_;
}

Result<std::string> Memory::c_string(Address address, std::size_t longest) {
    std::string text;
    while (text.size() < longest) {
        TRY(const char byte, value<char>(address + text.size()));
        if (byte == '\0') return text;
        text += byte;
    }
    return fail(fmt::format("memory of {} at {:#x}: no text of at most {} bytes", pid_, address, longest));
}

} // namespace python
