// SPDX-License-Identifier: BSD-2-Clause
// The BPF object that fits the running kernel. The same programs are compiled twice, see bpf/core/loop.h.
#pragma once

#include <memory>

#include "gunicorn_probes.skel.h"

namespace probe {

enum class Loops {
    helper,  // bpf_loop(), Linux 5.17
    bounded, // Linux 5.3; takes the verifier four times as long
};

struct CloseObject {
    void operator()(gunicorn_probes* object) const { gunicorn_probes::destroy(object); }
};
using Object = std::unique_ptr<gunicorn_probes, CloseObject>;

// What the running kernel has; bounded where it refuses to say, for want of privileges.
Loops loops_of_kernel();

// Opens the object without loading it. nullptr with errno set on error.
Object open_object(Loops loops);

} // namespace probe
