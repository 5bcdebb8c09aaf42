// SPDX-License-Identifier: BSD-2-Clause
// The file of --web.config.file, as Prometheus' exporters have it: TLS, client certificates, passwords, headers.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "result.h"

namespace web {

enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };

enum class TlsVersion { tls10, tls11, tls12, tls13 };

// A PEM text: in the configuration itself, or in a file beside it.
struct Pem {
    std::string text;
    std::filesystem::path file; // counts before the text

    bool given() const { return !text.empty() || !file.empty(); }
};

struct TlsConfig {
    Pem certificate;
    Pem key;
    Pem client_ca;
    ClientAuth client_auth = ClientAuth::none;
    std::vector<std::string> client_allowed_sans; // empty: any
    TlsVersion min_version = TlsVersion::tls12;
    TlsVersion max_version = TlsVersion::tls13;
    std::vector<std::string> cipher_suites; // Go's names; empty: what is considered good
    std::vector<std::string> curves;        // Go's names; likewise
    bool prefer_server_cipher_suites = true;
};

struct Config {
    std::optional<TlsConfig> tls; // absent: plain HTTP
    std::vector<std::pair<std::string, std::string>> headers;
    std::map<std::string, std::string> users; // bcrypt hashes by name; empty: nobody is asked
};

// Errors name file and line. Paths in the result are resolved against the file's directory; the files that they name
// are not looked at.
Result<Config> read_config(const std::filesystem::path& file);

} // namespace web
