// SPDX-License-Identifier: BSD-2-Clause
// The Python interpreter of a process.
#include "python/interpreter.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "procfs/fields.h"
#include "procfs/file.h"
#include "python/elf_file.h"

namespace python {
namespace {

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "libpython3.11.so.1.0", but not the stable ABI's "libpython3.so", which is empty.
bool is_libpython(std::string_view path) {
    return name_of(path).starts_with("libpython3.") && path.contains(".so") && minor_in_name(path) >= 0;
}

// "55d0-55d1 r--p 00001000 fe:01 4711 /usr/bin/python3.11"; nothing for what is not mapped from a file.
std::optional<Mapping> parse_mapping(std::string_view line) {
    const auto range = procfs::next_field(line);
    procfs::skip_fields(line, 1);
    const auto offset = procfs::number<std::uint64_t>(procfs::next_field(line), 16);
    procfs::skip_fields(line, 2);
    const auto dash = range.find('-');
    const auto path = line.find('/');
    if (dash == std::string_view::npos || path == std::string_view::npos || !offset) return std::nullopt;
    const auto start = procfs::number<Address>(range.substr(0, dash), 16);
    const auto end = procfs::number<Address>(range.substr(dash + 1), 16);
    if (!start || !end) return std::nullopt;
    return Mapping{*start, *end, *offset, std::string{line.substr(path)}};
}

struct Image {
    std::string path;
    ElfFile file;
    Address bias;

    Result<Address> symbol(std::string_view name) const {
        const auto found = file.symbol(name);
        return found ? Result<Address>(*found + bias) : found;
    }
};

// By what the kernel has mapped, which is right in containers and for a replaced file; that takes CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE. Else by name, as the process sees it.
Result<Image> open_image(const procfs::ProcFs& proc, pid_t pid, const Mapping& mapping) {
    const auto process = fmt::format("{}/{}", proc.root().string(), pid);
    const auto paths = {fmt::format("{}/map_files/{:x}-{:x}", process, mapping.start, mapping.end),
                        process + "/root" + mapping.path};
    std::string tried;
    for (const auto& path : paths) {
        auto file = ElfFile::open(path);
        if (!file) {
            tried += (tried.empty() ? "" : "; ") + file.error().text;
            continue;
        }
        const auto bias = file->bias(mapping.start, mapping.offset);
        if (!bias) return fail(fmt::format("{}: no segment begins at {:#x}", mapping.path, mapping.offset));
        return Image{path, *std::move(file), *bias};
    }
    return fail(tried);
}

struct Version {
    int minor = -1;
    int micro = -1;
};

// Py_Version is 0x030b02f0 for 3.11.2; there since 3.11.
Version version_of(const Image& image, std::string_view path, Memory& memory) {
    if (const auto at = image.symbol("Py_Version")) {
        const auto hex = memory.value<std::uint32_t>(*at);
        if (hex && *hex >> 24 == 3) return {static_cast<int>(*hex >> 16 & 0xff), static_cast<int>(*hex >> 8 & 0xff)};
    }
    return {minor_in_name(path), -1};
}

// A debug build of those versions has fields more, and nothing to check the table with.
bool is_old_debug_build(std::string_view path, int minor) {
    return minor < kFirstSelfDescribed && name_of(path).contains(fmt::format("3.{}d", minor));
}

// Since 3.13 the interpreter says whether it is free-threaded and where it keeps most of what the table has.
Result<const Layout*> checked_layout(const Version& version, Address runtime, Memory& memory) {
    Description description{};
    TRY_VOID(memory.read(runtime, description));
    const bool describes_itself = begins_with_description(description);
    const bool free_threaded = describes_itself && described(description, kDescribedFreeThreadedAt) != 0;
    const auto* layout = layout_of(version.minor, free_threaded);
    if (layout == nullptr) return fail(fmt::format("the layout of Python 3.{} is not known", version.minor));
    if (describes_itself != (version.minor >= kFirstSelfDescribed))
        return fail(fmt::format("Python 3.{} {} a table of offsets in _PyRuntime", version.minor,
                                describes_itself ? "with" : "without"));
    TRY_VOID(agree(*layout, description));
    return layout;
}

struct Identity {
    Address runtime;
    Version version;
};

Result<Mapping> mapping_of(const procfs::ProcFs& proc, pid_t pid) {
    const auto process = fmt::format("{}/{}", proc.root().string(), pid);
    TRY(const auto maps, procfs::read_file(process + "/maps"));
    std::error_code error;
    const auto executable = std::filesystem::read_symlink(process + "/exe", error);
    if (error) return fail(fmt::format("{}/exe: {}", process, error.message()));
    return interpreter_mapping(maps, executable.string());
}

Result<Identity> identify(const procfs::ProcFs& proc, pid_t pid, Memory& memory) {
    TRY(const auto mapping, mapping_of(proc, pid));
    TRY(const auto image, open_image(proc, pid, mapping));

    auto runtime = image.symbol("_PyRuntime");
    if (!runtime) { // 3.11 on, where not even dynamic symbols are left
        const auto section = image.file.section(".PyRuntime");
        if (section && section->address != 0) runtime = section->address + image.bias;
    }
    if (!runtime) return fail(fmt::format("{}: no CPython ({})", mapping.path, runtime.error().text));
    const auto version = version_of(image, mapping.path, memory);
    if (version.minor < 0) return fail(mapping.path + ": its version is nowhere to be found");
    if (is_old_debug_build(mapping.path, version.minor)) return fail(mapping.path + ": a debug build");
    return Identity{*runtime, version};
}

} // namespace

int minor_in_name(std::string_view path) {
    constexpr std::string_view kMark = "python3.";
    const auto name = name_of(path);
    const auto at = name.find(kMark);
    if (at == std::string_view::npos) return -1;
    int minor = 0;
    auto digit = at + kMark.size();
    const auto first = digit;
    for (; digit < name.size() && digit < first + 3 && std::isdigit(static_cast<unsigned char>(name[digit])) != 0;
         ++digit)
        minor = minor * 10 + (name[digit] - '0');
    return digit == first ? -1 : minor;
}

Result<Mapping> interpreter_mapping(std::string_view maps, std::string_view executable) {
    std::optional<Mapping> program; // the executable may be the dynamic loader, with Python as its argument
    std::optional<Mapping> python;
    while (!maps.empty()) {
        auto mapping = parse_mapping(procfs::next_line(maps));
        if (!mapping) continue;
        if (is_libpython(mapping->path)) return *std::move(mapping);
        if (!program && mapping->path == executable) program = mapping;
        if (!python && name_of(mapping->path).starts_with("python3")) python = std::move(mapping);
    }
    if (python) return *std::move(python);
    if (program) return *std::move(program);
    return fail(fmt::format("neither libpython nor {} is mapped", executable));
}

Result<Interpreter> find_interpreter(const procfs::ProcFs& proc, pid_t pid, Memory& memory) {
    TRY(const auto found, identify(proc, pid, memory));
    const auto& [runtime, version] = found;
    TRY(const auto layout, checked_layout(version, runtime, memory));

    Interpreter interpreter{.layout = layout, .runtime = runtime, .version = fmt::format("3.{}", version.minor)};
    if (version.micro >= 0) interpreter.version += fmt::format(".{}", version.micro);
    if (layout->free_threaded) interpreter.version += 't';
    TRY_VOID(first_thread(interpreter, memory));
    return interpreter;
}

Result<int> minor_version(const procfs::ProcFs& proc, pid_t pid, Memory& memory) {
    TRY(const auto found, identify(proc, pid, memory));
    return found.version.minor;
}

Result<Binary> interpreter_binary(const procfs::ProcFs& proc, pid_t pid) {
    TRY(const auto mapping, mapping_of(proc, pid));
    TRY(auto image, open_image(proc, pid, mapping));
    return Binary{std::move(image.path), std::move(image.file)};
}

Result<Address> main_interpreter(const Interpreter& interpreter, Memory& memory) {
    return memory.pointer(interpreter.runtime + interpreter.layout->runtime_main_interpreter);
}

Result<Address> first_thread(const Interpreter& interpreter, Memory& memory) {
    const auto& layout = *interpreter.layout;
    TRY(const auto main, main_interpreter(interpreter, memory));
    TRY(const auto thread, memory.pointer(main + layout.interpreter_first_thread));
    TRY(const auto owner, memory.pointer(thread + layout.thread_interpreter));
    if (main == 0 || owner != main)
        return fail(fmt::format("Python {}: its first thread does not belong to its interpreter", interpreter.version));
    return thread;
}

} // namespace python
