// SPDX-License-Identifier: BSD-2-Clause
// A program's attachment, detached when it is destroyed.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <vector>

namespace probe {

struct Link {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Links = std::vector<std::unique_ptr<bpf_link, Link>>;

} // namespace probe
