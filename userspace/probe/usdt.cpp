// SPDX-License-Identifier: BSD-2-Clause
#include "probe/usdt.h"

#include <asm/ptrace.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "errno_text.h"
#include "probe/kernel.h"
#include "python/usdt_notes.h"

namespace probe {
namespace {

constexpr pid_t kAllProcesses = -1;

struct Register {
    std::array<std::string_view, 4> names; // of its 64, 32, 16 and 8 low bits
    std::size_t offset;
};

constexpr std::array<Register, 16> kRegisters{{
    {{"rax", "eax", "ax", "al"}, offsetof(pt_regs, rax)},
    {{"rbx", "ebx", "bx", "bl"}, offsetof(pt_regs, rbx)},
    {{"rcx", "ecx", "cx", "cl"}, offsetof(pt_regs, rcx)},
    {{"rdx", "edx", "dx", "dl"}, offsetof(pt_regs, rdx)},
    {{"rsi", "esi", "si", "sil"}, offsetof(pt_regs, rsi)},
    {{"rdi", "edi", "di", "dil"}, offsetof(pt_regs, rdi)},
    {{"rbp", "ebp", "bp", "bpl"}, offsetof(pt_regs, rbp)},
    {{"rsp", "esp", "sp", "spl"}, offsetof(pt_regs, rsp)},
    {{"r8", "r8d", "r8w", "r8b"}, offsetof(pt_regs, r8)},
    {{"r9", "r9d", "r9w", "r9b"}, offsetof(pt_regs, r9)},
    {{"r10", "r10d", "r10w", "r10b"}, offsetof(pt_regs, r10)},
    {{"r11", "r11d", "r11w", "r11b"}, offsetof(pt_regs, r11)},
    {{"r12", "r12d", "r12w", "r12b"}, offsetof(pt_regs, r12)},
    {{"r13", "r13d", "r13w", "r13b"}, offsetof(pt_regs, r13)},
    {{"r14", "r14d", "r14w", "r14b"}, offsetof(pt_regs, r14)},
    {{"r15", "r15d", "r15w", "r15b"}, offsetof(pt_regs, r15)},
}};

// "%rbx"
std::optional<std::int16_t> register_offset(std::string_view text) {
    if (!text.starts_with('%')) return std::nullopt;
    text.remove_prefix(1);
    for (const auto& each : kRegisters) {
        if (std::ranges::find(each.names, text) != each.names.end()) return static_cast<std::int16_t>(each.offset);
    }
    return std::nullopt;
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

// "$3", "%ebx", "(%rsp)" or "-20(%rbp)".
bool parse_place(std::string_view place, UsdtArgument& argument) {
    if (place.starts_with('$')) {
        const auto value = number(place.substr(1));
        argument.kind = UsdtArgument::Kind::constant;
        argument.value = static_cast<std::uint64_t>(value.value_or(0));
        return value.has_value();
    }
    const auto parenthesis = place.find('(');
    if (parenthesis == std::string_view::npos) {
        const auto offset = register_offset(place);
        argument.kind = UsdtArgument::Kind::in_register;
        argument.register_offset = offset.value_or(0);
        return offset.has_value();
    }
    if (!place.ends_with(')')) return false;
    const auto displacement = parenthesis == 0 ? std::optional<std::int64_t>(0) : number(place.substr(0, parenthesis));
    const auto offset = register_offset(place.substr(parenthesis + 1, place.size() - parenthesis - 2));
    argument.kind = UsdtArgument::Kind::in_memory;
    argument.value = static_cast<std::uint64_t>(displacement.value_or(0));
    argument.register_offset = offset.value_or(0);
    return displacement && offset;
}

// "-4@%ebx": signed, of 4 bytes.
std::optional<UsdtArgument> parse_argument(std::string_view text) {
    const auto at = text.find('@');
    const auto size = at == std::string_view::npos ? std::nullopt : number(text.substr(0, at));
    if (!size) return std::nullopt;
    const auto bytes = *size < 0 ? -*size : *size;
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return std::nullopt;
    UsdtArgument argument{.is_signed = *size < 0, .unused_bits = static_cast<std::int8_t>(64 - 8 * bytes)};
    if (!parse_place(text.substr(at + 1), argument)) return std::nullopt;
    return argument;
}

// Kernels before 5.15 have no cookies: there the BPF side looks the specification up by the instruction's address,
// which is known only of programs with fixed addresses.
Result<void> set_spec_by_address(const gunicorn_probes& skeleton, const python::ElfFile& file,
                                 const python::UsdtSite& site, std::uint32_t spec) {
    if (!file.has_fixed_addresses()) return fail("needs Linux 5.15, as its Python is position-independent");
    const auto address = static_cast<long>(site.address);
    if (bpf_map_update_elem(map_fd(skeleton.maps.__bpf_usdt_ip_to_spec_id), &address, &spec, BPF_ANY))
        return fail("no room for another USDT site: " + errno_name_and_text(errno));
    return {};
}

} // namespace

Result<UsdtSpec> usdt_spec(std::string_view arguments) {
    UsdtSpec spec{};
    while (!arguments.empty()) {
        const auto end = std::min(arguments.find(' '), arguments.size());
        const auto text = arguments.substr(0, end);
        arguments.remove_prefix(std::min(end + 1, arguments.size()));
        if (text.empty()) continue;
        const auto argument = parse_argument(text);
        if (!argument) return fail(fmt::format("the argument {} of its probe cannot be read", text));
        if (static_cast<std::size_t>(spec.count) == UsdtSpec::kMaxArguments)
            return fail(fmt::format("a probe with more than {} arguments", UsdtSpec::kMaxArguments));
        spec.arguments[spec.count++] = *argument;
    }
    return spec;
}

Result<std::uint32_t> UsdtSpecs::id_of(const gunicorn_probes& skeleton, const std::string& arguments) {
    if (const auto known = ids_.find(arguments); known != ids_.end()) return known->second;
    TRY(const auto spec, usdt_spec(arguments));
    const auto* map = skeleton.maps.__bpf_usdt_specs;
    if (bpf_map__value_size(map) != sizeof spec) return fail("another <bpf/usdt.bpf.h> than the one of libbpf 1.1");
    const auto id = static_cast<std::uint32_t>(ids_.size());
    if (bpf_map_update_elem(map_fd(map), &id, &spec, BPF_ANY))
        return fail("no room for another way to pass a probe's arguments: " + errno_name_and_text(errno));
    ids_.emplace(arguments, id);
    return id;
}

Result<void> UsdtSpecs::attach(const gunicorn_probes& skeleton, const bpf_program& program, const python::ElfFile& file,
                               const std::string& path, std::string_view name, Links& links) {
    TRY(const auto sites, python::usdt_sites(file, "python", name));
    if (sites.empty()) return fail("its Python has no such probe");
    const bool cookies = skeleton.kconfig->LINUX_HAS_BPF_COOKIE;
    for (const auto& site : sites) {
        TRY(const auto spec, id_of(skeleton, site.arguments));
        if (!cookies) TRY_VOID(set_spec_by_address(skeleton, file, site, spec));
        bpf_uprobe_opts options{};
        options.sz = sizeof options;
        options.ref_ctr_offset = site.semaphore_offset;
        options.bpf_cookie = cookies ? spec : 0;
        links.emplace_back(
            bpf_program__attach_uprobe_opts(&program, kAllProcesses, path.c_str(), site.offset, &options));
        if (!links.back()) return fail(describe_attach_error(errno));
    }
    return {};
}

} // namespace probe
