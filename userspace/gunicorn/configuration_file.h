// SPDX-License-Identifier: BSD-2-Clause
// What a master's configuration file calls its application, for masters whose memory cannot be read. The file is
// Python and is not run: only a plain assignment of a string counts, and nothing where the file has any doubt.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "procfs/procfs.h"

namespace gunicorn {

// proc_name, else wsgi_app, as the file is assigned once at the top level. Empty if the file computes them, assigns
// them more than once or below an "if".
std::string name_in_configuration(std::string_view text);

// The name in the option --name of GUNICORN_CMD_ARGS, else in the configuration file that the process was started
// with: -c of its command line, of GUNICORN_CMD_ARGS, or gunicorn.conf.py in its working directory. Empty if a title
// has replaced the command line, which then does not tell the file, and if the file is a module, cannot be read or is
// relative to a directory that was changed.
std::string configured_name(const procfs::ProcFs& proc, pid_t pid, const std::vector<std::string>& command_line);

} // namespace gunicorn
