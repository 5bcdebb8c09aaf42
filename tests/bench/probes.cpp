// SPDX-License-Identifier: BSD-2-Clause
#include "probes.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <string.h>

#include <cerrno>

#include "bench_probes.skel.h"

namespace bench {

void Unload::operator()(bench_probes* object) const { bench_probes::destroy(object); }

void Detach::operator()(bpf_link* link) const { bpf_link__destroy(link); }

Result<Probes> load(pid_t timed_process) {
    Probes probes{bench_probes::open()};
    if (!probes) return fail(fmt::format("open the benchmark's BPF programs: {}", strerror(errno)));
    probes->rodata->timed_process = static_cast<unsigned>(timed_process);
    if (const int error = bench_probes::load(probes.get())) {
        return fail(fmt::format("load the benchmark's BPF programs: {} (run as root)", strerror(-error)));
    }
    return probes;
}

Result<Link> attach(const Probes& probes, Program program) {
    const auto& programs = probes->progs;
    bpf_program* chosen = program == Program::empty             ? programs.empty
                          : program == Program::stopwatch_begin ? programs.stopwatch_begin
                                                                : programs.stopwatch_end;
    Link link{bpf_program__attach(chosen)};
    if (!link) {
        return fail(fmt::format("attach {} to tp_btf/sys_exit: {}", bpf_program__name(chosen), strerror(errno)));
    }
    return link;
}

} // namespace bench
