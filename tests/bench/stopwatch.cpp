// SPDX-License-Identifier: BSD-2-Clause
#include "stopwatch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/syscall.h>

#include <cerrno>

#include "bench_probes.skel.h"

namespace bench {

Result<CallTimes> read_times(const Probes& probes) {
    const int map = bpf_map__fd(probes->maps.times);
    CallTimes found;

    for (std::uint32_t number = 0; number < contract::TIMED_CALLS; number++) {
        contract::call_times call{};
        if (bpf_map_lookup_elem(map, &number, &call))
            return fail(fmt::format("read the stopwatch: {}", strerror(errno)));
        if (call.visits || call.interrupted) found.emplace(number, call);
    }
    return found;
}

std::string name_of_call(std::uint32_t number) {
    static const std::map<std::uint32_t, const char*> kNames{
        {SYS_accept4, "accept4"},     {SYS_read, "read"},       {SYS_readv, "readv"},
        {SYS_recvfrom, "recvfrom"},   {SYS_recvmsg, "recvmsg"}, {SYS_write, "write"},
        {SYS_writev, "writev"},       {SYS_sendto, "sendto"},   {SYS_sendmsg, "sendmsg"},
        {SYS_sendfile, "sendfile"},   {SYS_close, "close"},     {SYS_shutdown, "shutdown"},
        {SYS_epoll_ctl, "epoll_ctl"}, {SYS_fcntl, "fcntl"},     {SYS_getsockname, "getsockname"},
        {SYS_ioctl, "ioctl"},         {SYS_futex, "futex"},     {SYS_setsockopt, "setsockopt"},
    };
    const auto name = kNames.find(number);

    return name == kNames.end() ? fmt::format("call {}", number) : name->second;
}

} // namespace bench
