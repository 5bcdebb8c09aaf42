// SPDX-License-Identifier: BSD-2-Clause
#include "probe/object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdlib>

#include "gunicorn_probes_without_bpf_loop.skel.h"

namespace probe {

// One skeleton serves both objects.
static_assert(sizeof(gunicorn_probes) == sizeof(gunicorn_probes_without_bpf_loop));
static_assert(sizeof(*gunicorn_probes::rodata) == sizeof(*gunicorn_probes_without_bpf_loop::rodata));

Loops loops_of_kernel() {
    static const bool has_helper = libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, nullptr) == 1;
    return has_helper ? Loops::helper : Loops::bounded;
}

Object open_object(Loops loops) {
    Object object(static_cast<gunicorn_probes*>(std::calloc(1, sizeof(gunicorn_probes))));
    if (!object || gunicorn_probes__create_skeleton(object.get())) {
        errno = ENOMEM;
        return nullptr;
    }
    if (loops == Loops::bounded) {
        object->skeleton->data = gunicorn_probes_without_bpf_loop::elf_bytes(&object->skeleton->data_sz);
    }
    if (const int error = bpf_object__open_skeleton(object->skeleton, nullptr)) {
        errno = -error;
        return nullptr;
    }
    return object;
}

} // namespace probe
