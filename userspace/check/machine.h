// SPDX-License-Identifier: BSD-2-Clause
// What the kernel, its settings and this process's privileges allow.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "check/capabilities.h"
#include "check/findings.h"
#include "procfs/procfs.h"
#include "result.h"

namespace check {

struct Privileges {
    Held capabilities{0};
    int seccomp = 0; // 0: none, 1: strict, 2: a filter
    bool initial_user_namespace = true;
};
Privileges privileges_of_self(const procfs::ProcFs& proc);

// One for each of capabilities().
std::vector<Finding> findings_of_capabilities(const Held& held, KernelVersion kernel);

// Without its BTF no kernel loads the programs.
bool has_btf(const std::filesystem::path& sys);
// Elsewhere the kernel's process numbers mean others. Error: it cannot be told.
Result<bool> in_hosts_pid_namespace(const procfs::ProcFs& proc);

// `release`: as uname(2) has it. `sys`: where sysfs is mounted.
std::vector<Finding> findings_of_machine(const procfs::ProcFs& proc, const std::filesystem::path& sys,
                                         const std::string& release, const Privileges& privileges);

} // namespace check
