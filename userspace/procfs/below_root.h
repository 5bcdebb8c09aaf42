// SPDX-License-Identifier: BSD-2-Clause
// Files below another process's root. Whoever made that root must not lead us to a file of the host's, nor to one that
// makes us wait.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "descriptor.h"
#include "procfs/procfs.h"
#include "result.h"

namespace procfs {

// A directory, with a path as that process has it: absolute symbolic links are followed below its root and nowhere
// else.
Result<Descriptor> open_directory_below_root(const ProcFs& proc, pid_t pid, const std::string& path);

enum class OpenFailure {
    none,
    vanished,        // there is no such file (any more)
    symbolic_link,   //
    no_regular_file, // a FIFO, a device, a directory: not opened, which alone could have an effect
    not_readable,    // anything else
};

struct OpenedFile {
    Descriptor descriptor; // for reading; the file's access time stays as it is, where we may ask for that
    OpenFailure failure = OpenFailure::none;
    FileId id;
    off_t size = 0;
};

// A regular file in a directory, no link to one.
OpenedFile open_regular_file(int directory, const std::string& name);

// The beginning of a small file below that process's root; links to it are followed there. Empty if it cannot be read.
std::string beginning_of_file_below_root(const ProcFs& proc, pid_t pid, const std::string& path,
                                         std::size_t most_bytes);

// The same for a path as the process uses it: one that does not begin with a slash is below its working directory,
// which it must not leave.
std::string beginning_of_file_of(const ProcFs& proc, pid_t pid, const std::string& path, std::size_t most_bytes);

// Up to `size` bytes from `offset` on. Fewer: the file ends there, or cannot be read.
std::size_t read_at(int fd, void* bytes, std::size_t size, off_t offset);

} // namespace procfs
