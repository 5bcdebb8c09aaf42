// SPDX-License-Identifier: BSD-2-Clause
// Which inode the kernel has behind a file: it is mapped for a moment, and never touched, since its owner may truncate
// it.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "descriptor.h"
#include "errno_text.h"
#include "probe/kernel.h"
#include "procfs/below_root.h"
#include "procfs/fields.h"
#include "procfs/file.h"

namespace probe {
namespace {

constexpr std::size_t kPage = 4096;

class Mapping {
public:
    explicit Mapping(int fd) : start_(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, fd, 0)) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (*this) munmap(start_, kPage);
    }
    explicit operator bool() const { return start_ != MAP_FAILED; }
    std::uint64_t start() const { return reinterpret_cast<std::uint64_t>(start_); }

private:
    void* start_;
};

Result<MappedFile> from_iterator(const bpf_link* link, std::uint64_t start) {
    std::optional<MappedFile> found;
    TRY_VOID(read_iterator(link, sizeof(contract::mapped_file), [&](std::span<const std::byte> bytes) {
        contract::mapped_file mapped{};
        std::memcpy(&mapped, bytes.data(), sizeof mapped);
        if (mapped.start == start) found = MappedFile{mapped.device, mapped.inode, mapped.object};
    }));
    if (!found) return fail("the kernel does not show the file's mapping");
    return *found;
}

// Up to Linux 6.7 this file has the inode behind the mapping, too: "<start>-<end> r--p <offset> <major>:<minor> <inode>
// …".
Result<MappedFile> from_maps(std::uint64_t start) {
    TRY(const auto maps, procfs::read_file("/proc/self/maps"));
    const auto wanted = fmt::format("{:x}-", start);
    for (std::string_view rest = maps; !rest.empty();) {
        auto line = procfs::next_line(rest);
        if (!line.starts_with(wanted)) continue;
        procfs::skip_fields(line, 3);
        const auto device = procfs::next_field(line);
        const auto colon = std::min(device.find(':'), device.size() - 1);
        const auto major = procfs::number<std::uint64_t>(device.substr(0, colon), 16);
        const auto minor = procfs::number<std::uint64_t>(device.substr(colon + 1), 16);
        const auto inode = procfs::number<std::uint64_t>(procfs::next_field(line), 10);
        if (major && minor && inode) return MappedFile{*major << 20 | *minor, *inode, 0};
    }
    return fail("/proc/self/maps does not show the file's mapping");
}

} // namespace

std::unique_ptr<bpf_link, Link> attach_mappings(const gunicorn_probes& skeleton) {
    const auto* program = skeleton.progs.read_mappings;
    if (bpf_program__fd(program) < 0) return nullptr;
    // Linux 6.1 and later can visit one process only.
    bpf_iter_link_info self{};
    self.task.pid = static_cast<std::uint32_t>(getpid());
    bpf_iter_attach_opts options{};
    options.sz = sizeof options;
    options.link_info = &self;
    options.link_info_len = sizeof self;
    std::unique_ptr<bpf_link, Link> link(bpf_program__attach_iter(program, &options));
    if (!link) link.reset(bpf_program__attach_iter(program, nullptr));
    return link;
}

Result<MappedFile> Probe::probed_inode(const std::string& path) const {
    const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return fail(fmt::format("open {}: {}", path, errno_name_and_text(errno)));
    const Mapping mapping(fd.get());
    if (!mapping) return fail(fmt::format("mmap {}: {}", path, errno_name_and_text(errno)));
    return kernel_->mappings ? from_iterator(kernel_->mappings.get(), mapping.start()) : from_maps(mapping.start());
}

} // namespace probe
