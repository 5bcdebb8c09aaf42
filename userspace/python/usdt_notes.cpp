// SPDX-License-Identifier: BSD-2-Clause
#include "python/usdt_notes.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace python {
namespace {

constexpr std::uint32_t kStapsdtVersion3 = 3; // the type of the notes
constexpr std::string_view kOwner{"stapsdt\0", 8};

std::uint64_t aligned(std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; }

struct Note {
    std::uint64_t address;
    std::uint64_t base; // where .stapsdt.base was when the note was written; prelink moves sections afterwards
    std::uint64_t semaphore;
    std::string_view provider;
    std::string_view name;
    std::string_view arguments;
};

// A string with its final NUL, cut from the front.
std::optional<std::string_view> take_string(std::string_view& bytes) {
    const auto end = bytes.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    const auto text = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    return text;
}

std::optional<Note> parse(std::string_view description) {
    std::array<std::uint64_t, 3> addresses;
    if (description.size() < sizeof addresses) return std::nullopt;
    std::memcpy(addresses.data(), description.data(), sizeof addresses);
    description.remove_prefix(sizeof addresses);
    const auto provider = take_string(description);
    const auto name = provider ? take_string(description) : std::nullopt;
    const auto arguments = name ? take_string(description) : std::nullopt;
    if (!arguments) return std::nullopt;
    return Note{addresses[0], addresses[1], addresses[2], *provider, *name, *arguments};
}

// Cuts the next note from the front and returns its description; empty if it is another owner's.
Result<std::string_view> take_note(std::string_view& notes) {
    Elf64_Nhdr header{};
    if (notes.size() < sizeof header) return fail("a USDT note that is cut");
    std::memcpy(&header, notes.data(), sizeof header);
    notes.remove_prefix(sizeof header);
    const auto name_size = aligned(header.n_namesz);
    const auto description_size = aligned(header.n_descsz);
    if (name_size + header.n_descsz > notes.size()) return fail("a USDT note that is longer than its section");
    const auto owner = notes.substr(0, header.n_namesz);
    const auto description = notes.substr(name_size, header.n_descsz);
    notes.remove_prefix(std::min<std::uint64_t>(name_size + description_size, notes.size()));
    return owner == kOwner && header.n_type == kStapsdtVersion3 ? description : std::string_view{};
}

Result<UsdtSite> site_of(const ElfFile& file, const Note& note, std::uint64_t moved_by) {
    UsdtSite site{.address = note.address + moved_by, .arguments = std::string(note.arguments)};
    const auto offset = file.offset_of(site.address);
    if (!offset) return fail(fmt::format("a USDT probe at {:#x}, which is in no segment", site.address));
    site.offset = *offset;
    if (note.semaphore == 0) return site;
    const auto semaphore = file.offset_of(note.semaphore + moved_by);
    if (!semaphore) return fail(fmt::format("a semaphore at {:#x}, which is in no segment", note.semaphore));
    site.semaphore_offset = *semaphore;
    return site;
}

} // namespace

Result<std::vector<UsdtSite>> usdt_sites(const ElfFile& file, std::string_view provider, std::string_view name) {
    std::vector<UsdtSite> sites;
    const auto section = file.section(".note.stapsdt");
    if (!section) return sites;
    TRY(const auto bytes, file.contents(*section));
    const auto base = file.section(".stapsdt.base");
    for (std::string_view notes(reinterpret_cast<const char*>(bytes.data()), bytes.size()); !notes.empty();) {
        TRY(const auto description, take_note(notes));
        if (description.empty()) continue;
        const auto note = parse(description);
        if (!note) return fail("a USDT note without its strings");
        if (note->provider != provider || note->name != name) continue;
        if (sites.size() == kMaxUsdtSites) return fail(fmt::format("more than {} sites", kMaxUsdtSites));
        const bool moved = base && base->address != 0 && note->base != 0;
        TRY(auto site, site_of(file, *note, moved ? base->address - note->base : 0));
        sites.push_back(std::move(site));
    }
    return sites;
}

} // namespace python
