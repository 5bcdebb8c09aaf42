// SPDX-License-Identifier: BSD-2-Clause
// How full the listeners are: an iterator over the open files of all processes, read from begin to end.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "probe/kernel.h"

namespace probe {

Result<std::unique_ptr<bpf_link, Link>> attach_backlogs(gunicorn_probes& skeleton) {
    std::unique_ptr<bpf_link, Link> link(bpf_program__attach_iter(skeleton.progs.read_backlogs, nullptr));
    if (!link) return fail("attach the iterator over open files: " + describe_errno(errno));
    return link;
}

std::vector<event::ListenerState> Probe::listeners() const {
    std::vector<event::ListenerState> states;
    if (!kernel_->backlogs) return states;
    const int fd = bpf_iter_create(bpf_link__fd(kernel_->backlogs.get()));
    if (fd < 0) return states;
    // The kernel hands out whole records as long as they fit.
    std::array<contract::listener_state, 64> records;
    std::size_t kept = 0; // bytes of an unfinished one
    auto* bytes = reinterpret_cast<char*>(records.data());
    for (;;) {
        const auto got = read(fd, bytes + kept, sizeof records - kept);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) break;
        const auto have = kept + static_cast<std::size_t>(got);
        const auto whole = have / sizeof records[0];
        for (std::size_t i = 0; i < whole; i++)
            states.push_back(
                {records[i].inode, records[i].slot, records[i].waiting, records[i].limit, records[i].dropped});
        kept = have % sizeof records[0];
        std::memmove(bytes, bytes + whole * sizeof records[0], kept);
    }
    close(fd);
    return states;
}

} // namespace probe
