// SPDX-License-Identifier: BSD-2-Clause
// How full the listeners are: an iterator over the open files of all processes, read from begin to end.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>

#include "errno_text.h"
#include "probe/kernel.h"

namespace probe {

Result<std::unique_ptr<bpf_link, Link>> attach_backlogs(gunicorn_probes& skeleton) {
    std::unique_ptr<bpf_link, Link> link(bpf_program__attach_iter(skeleton.progs.read_backlogs, nullptr));
    if (!link) return fail("attach the iterator over open files: " + errno_name_and_text(errno));
    return link;
}

std::vector<event::ListenerState> Probe::listeners() const {
    std::vector<event::ListenerState> states;
    if (!kernel_->backlogs) return states;
    const auto add = [&](std::span<const std::byte> bytes) {
        contract::listener_state record{};
        std::memcpy(&record, bytes.data(), sizeof record);
        states.push_back({record.inode, record.slot, record.waiting, record.limit, record.dropped});
    };
    // On failure what was read so far: the next look is a second away.
    (void)read_iterator(kernel_->backlogs.get(), sizeof(contract::listener_state), add);
    return states;
}

} // namespace probe
