// SPDX-License-Identifier: BSD-2-Clause
// What the kernel's iterators write.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "descriptor.h"
#include "errno_text.h"
#include "probe/kernel.h"

namespace probe {

Result<void> read_iterator(const bpf_link* link, std::size_t record_size,
                           const std::function<void(std::span<const std::byte>)>& consumer) {
    constexpr std::size_t kRecordsPerRead = 64;
    const Descriptor fd(bpf_iter_create(bpf_link__fd(link)));
    if (!fd) return fail("bpf_iter_create: " + errno_name_and_text(errno));
    std::vector<std::byte> records(kRecordsPerRead * record_size);
    std::size_t kept = 0; // bytes of an unfinished record
    for (;;) {
        const auto got = read(fd.get(), records.data() + kept, records.size() - kept);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) return fail("read an iterator: " + errno_name_and_text(errno));
        if (got == 0) return {};
        const auto have = kept + static_cast<std::size_t>(got);
        const auto whole = have / record_size * record_size;
        for (std::size_t at = 0; at < whole; at += record_size) consumer(std::span(records).subspan(at, record_size));
        kept = have - whole;
        std::memmove(records.data(), records.data() + whole, kept);
    }
}

} // namespace probe
