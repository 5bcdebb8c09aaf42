// SPDX-License-Identifier: BSD-2-Clause
// The Python interpreter of a process: its version, its layout and where its state begins.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "procfs/procfs.h"
#include "python/elf_file.h"
#include "python/layout.h"
#include "python/memory.h"
#include "result.h"

namespace python {

struct Interpreter {
    const Layout* layout = nullptr; // never null in what find_interpreter() returns
    Address runtime = 0;            // of _PyRuntime
    std::string version;            // "3.11.2", "3.9" where only the file's name tells, "3.13.5t" when free-threaded
};

// Errors: no CPython, a version or kind of build without a known layout, or state that contradicts the layout.
Result<Interpreter> find_interpreter(const procfs::ProcFs& proc, pid_t pid, Memory& memory);

// The minor version of Python 3 that it is, also one without a known layout. Errors: as above, but for the layout.
Result<int> minor_version(const procfs::ProcFs& proc, pid_t pid, Memory& memory);

// Its PyInterpreterState.
Result<Address> main_interpreter(const Interpreter& interpreter, Memory& memory);

// The first thread of the main interpreter, after a look whether `interpreter` is what memory shows. Error: it is not
// (any more): the process has executed something else, or Python is not initialised.
Result<Address> first_thread(const Interpreter& interpreter, Memory& memory);

// The file that it runs.
struct Binary {
    std::string path; // by which it can be opened as long as the process lives
    ElfFile file;
};
// Errors: as find_interpreter() for what is not Python, or a file that cannot be opened.
Result<Binary> interpreter_binary(const procfs::ProcFs& proc, pid_t pid);

// Parts that find_interpreter() is made of.
struct Mapping {
    Address start = 0;
    Address end = 0;
    std::uint64_t offset = 0; // in the file
    std::string path;         // as the process sees it
};
// The mapping that holds the interpreter: the first one of libpython, else of a file "python3…", else of the program
// `executable` (a copy of another name). `maps` is /proc/<pid>/maps.
Result<Mapping> interpreter_mapping(std::string_view maps, std::string_view executable);
// The minor version in a file's name, "/usr/lib/libpython3.11.so.1.0" or "/usr/bin/python3.9"; -1 when there is none.
int minor_in_name(std::string_view path);

} // namespace python
