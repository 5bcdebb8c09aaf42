// SPDX-License-Identifier: BSD-2-Clause
// What is between the network and the pages: TLS, passwords, headers. Loaded as a whole, in force as a whole.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "result.h"
#include "web/passwords.h"
#include "web/tls_context.h"

namespace web {

struct Protection {
    std::shared_ptr<const TlsContext> tls;                    // null: plain HTTP
    std::shared_ptr<Passwords> passwords;                     // null: nobody is asked
    std::vector<std::pair<std::string, std::string>> headers; // of each answer

    // From the file of --web.config.file and those that it names.
    static Result<Protection> load(const std::filesystem::path& file);
};

// What that is made of: to be loaded again when they change. Empty when the file cannot be understood.
std::vector<std::filesystem::path> files_of_protection(const std::filesystem::path& file);

} // namespace web
