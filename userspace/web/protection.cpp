// SPDX-License-Identifier: BSD-2-Clause
#include "web/protection.h"

#include <fmt/format.h>

#include "web/config.h"

namespace web {

Result<Protection> Protection::load(const std::filesystem::path& file) {
    TRY(auto config, read_config(file));
    Protection protection;
    protection.headers = std::move(config.headers);
    if (!config.users.empty()) protection.passwords = std::make_shared<Passwords>(std::move(config.users));
    if (!config.tls) return protection;
    auto tls = TlsContext::create(*config.tls);
    if (!tls) return fail(fmt::format("--web.config.file {}: {}", file.string(), tls.error().text));
    protection.tls = std::move(*tls);
    return protection;
}

std::vector<std::filesystem::path> files_of_protection(const std::filesystem::path& file) {
    const auto config = read_config(file);
    if (!config) return {};
    std::vector<std::filesystem::path> files{file};
    if (!config->tls) return files;
    for (const auto* pem : {&config->tls->certificate, &config->tls->key, &config->tls->client_ca})
        if (!pem->file.empty()) files.push_back(pem->file);
    return files;
}

} // namespace web
