// SPDX-License-Identifier: BSD-2-Clause
#include "check/python_found.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "python/elf_file.h"
#include "python/interpreter.h"
#include "python/layout.h"
#include "python/memory.h"

namespace check {

namespace {

void describe_build(PythonFound& found, const procfs::ProcFs& proc, pid_t pid, std::string_view maps) {
    const auto process = proc.root() / std::to_string(pid);
    std::error_code error;
    const auto executable = std::filesystem::read_symlink(process / "exe", error);
    const auto mapping = python::interpreter_mapping(maps, executable.string());
    if (!mapping) return;
    found.path = mapping->path;
    found.shared_library = mapping->path != executable.string() && mapping->path.contains("libpython");
    // What <sys/sdt.h> leaves beside its notes, and the only part of them that is mapped.
    const auto file = python::ElfFile::open((process / "root").string() + mapping->path);
    if (file) found.usdt_probes = file->section(".stapsdt.base").has_value();
}

void read_layout(PythonFound& found, const procfs::ProcFs& proc, pid_t pid) {
    auto memory = python::Memory::open(proc, pid);
    if (!memory) {
        found.layout_error = memory.error().text;
        return;
    }
    const auto interpreter = python::find_interpreter(proc, pid, *memory);
    if (interpreter) {
        found.layout = "ok";
        found.version = interpreter->version;
        found.free_threaded = interpreter->layout->free_threaded;
        return;
    }
    found.layout_error = interpreter.error().text;
    const auto minor = python::minor_version(proc, pid, *memory);
    if (!minor) return;
    found.version = fmt::format("3.{}", *minor);
    if (python::layout_of(*minor, false) == nullptr) found.layout = "unsupported";
}

} // namespace

PythonFound python_of(const procfs::ProcFs& proc, pid_t pid, std::string_view maps) {
    PythonFound found{.version = {}, .path = {}, .layout = "failed", .layout_error = {}};
    describe_build(found, proc, pid, maps);
    read_layout(found, proc, pid);
    return found;
}

} // namespace check
