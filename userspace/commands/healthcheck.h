// SPDX-License-Identifier: BSD-2-Clause
// Asks a running exporter whether it is well: the HEALTHCHECK of an image that has no shell and no other client.
#pragma once

#include <chrono>
#include <string>

#include "commands/command.h"
#include "procfs/procfs.h"
#include "result.h"

namespace commands {

struct HealthcheckOptions {
    // As for serving. Empty: wherever other processes of this same program file listen, which in a container are those
    // of the container.
    std::string listen_address;
    std::string path = "/-/healthy";
    std::chrono::milliseconds timeout{5000}; // for each address
};

// An error unless every address answers 200 to an HTTP request, by TLS where it speaks that. It is also well when it
// asks who we are: by a 401, or by wanting a client certificate.
Result<void> healthcheck(const procfs::ProcFs& proc, const HealthcheckOptions& options);

Run declare_healthcheck(CLI::App& app);

} // namespace commands
