// SPDX-License-Identifier: BSD-2-Clause
// USDT probes attached without libbpf's bpf_program__attach_usdt(), which maps the target's file to parse its notes and
// so could be ended by a target that truncates it (SIGBUS). The BPF side is libbpf's <bpf/usdt.bpf.h>: it finds
// where the probe's arguments are in a map of specifications, by the attachment's cookie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "probe/link.h"
#include "python/elf_file.h"
#include "result.h"

struct gunicorn_probes;

namespace probe {

// As struct __bpf_usdt_arg_spec and __bpf_usdt_spec in <bpf/usdt.bpf.h>.
struct UsdtArgument {
    enum class Kind : std::uint32_t { constant, in_register, in_memory };

    std::uint64_t value = 0; // a constant, or what to add to the register
    Kind kind = Kind::constant;
    std::int16_t register_offset = 0; // in struct pt_regs
    bool is_signed = false;
    std::int8_t unused_bits = 0; // of 64

    bool operator==(const UsdtArgument&) const = default;
};

struct UsdtSpec {
    static constexpr std::size_t kMaxArguments = 12;

    UsdtArgument arguments[kMaxArguments];
    std::uint64_t cookie = 0;
    std::int16_t count = 0;
};
static_assert(sizeof(UsdtArgument) == 16 && sizeof(UsdtSpec) == 208);

// "-4@%ebx 8@16(%rsp) 4@$3", as <sys/sdt.h> has the compiler write it for x86-64. Errors: more arguments than there is
// room for, or a form that the BPF side cannot follow (an index register, a symbol).
Result<UsdtSpec> usdt_spec(std::string_view arguments);

// The specifications in one object's map, each of them once: there are as many as compilers have ways to pass a
// probe's arguments. They stay until the object goes.
class UsdtSpecs {
public:
    // Attaches to all sites of python:<name> in the file, for all processes that map it. Appends to `links`. Errors:
    // the file has no such probe, arguments that cannot be followed, no room in the map, or a refusal by the kernel.
    Result<void> attach(const gunicorn_probes& skeleton, const bpf_program& program, const python::ElfFile& file,
                        const std::string& path, std::string_view name, Links& links);

private:
    Result<std::uint32_t> id_of(const gunicorn_probes& skeleton, const std::string& arguments);

    std::map<std::string, std::uint32_t> ids_;
};

} // namespace probe
