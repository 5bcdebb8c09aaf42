// SPDX-License-Identifier: BSD-2-Clause
// The keys of the file and what their values may be.
#include "web/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "web/cipher_suites.h"
#include "web/passwords.h"
#include "web/yaml_fields.h"

namespace web {
namespace {

using yaml::wrong;

yaml::Read file_path(std::filesystem::path& into, const std::filesystem::path& directory, std::string_view name) {
    return [&into, directory, name](const YAML::Node& value) -> Result<void> {
        std::string given;
        TRY_VOID(yaml::text(given, name)(value));
        if (!given.empty()) into = directory / given; // an absolute path stays as it is
        return {};
    };
}

yaml::Read version(TlsVersion& into, std::string_view name) {
    return yaml::one_of(name, {{"TLS10", [&into] { into = TlsVersion::tls10; }},
                               {"TLS11", [&into] { into = TlsVersion::tls11; }},
                               {"TLS12", [&into] { into = TlsVersion::tls12; }},
                               {"TLS13", [&into] { into = TlsVersion::tls13; }}});
}

yaml::Read client_auth(ClientAuth& into, bool& given) {
    const auto choose = [&into, &given](ClientAuth kind) {
        return [&into, &given, kind] {
            into = kind;
            given = true;
        };
    };
    return yaml::one_of("client_auth_type", {{"", [] {}},
                                             {"NoClientCert", choose(ClientAuth::none)},
                                             {"RequestClientCert", choose(ClientAuth::request)},
                                             {"RequireClientCert", choose(ClientAuth::require_any)},
                                             {"RequireAnyClientCert", choose(ClientAuth::require_any)},
                                             {"VerifyClientCertIfGiven", choose(ClientAuth::verify_if_given)},
                                             {"RequireAndVerifyClientCert", choose(ClientAuth::require_and_verify)}});
}

// The names as one list, each known.
yaml::Read names(std::vector<std::string>& into, std::string_view key, bool (*known)(std::string_view)) {
    return [&into, key, known](const YAML::Node& value) -> Result<void> {
        TRY_VOID(yaml::texts(into, key)(value));
        for (std::size_t i = 0; i < into.size(); ++i)
            if (!known(into[i])) return wrong(value[i], fmt::format("{}: {} is not known here", key, into[i]));
        return {};
    };
}

Result<void> check_together(const YAML::Node& node, const TlsConfig& tls) {
    if (!tls.certificate.given()) return wrong(node, "tls_server_config: cert_file (or cert) is missing");
    if (!tls.key.given()) return wrong(node, "tls_server_config: key_file (or key) is missing");
    if (tls.client_ca.given() && tls.client_auth == ClientAuth::none)
        return wrong(node, "client_ca_file is given, but client_auth_type asks for no certificate: set it, for example "
                           "to RequireAndVerifyClientCert");
    const bool verifies =
        tls.client_auth == ClientAuth::verify_if_given || tls.client_auth == ClientAuth::require_and_verify;
    // Go would then verify against whatever authorities the machine trusts, which nobody means.
    if (verifies && !tls.client_ca.given())
        return wrong(node, "client_auth_type verifies certificates: client_ca_file is missing");
    const bool required =
        tls.client_auth == ClientAuth::require_any || tls.client_auth == ClientAuth::require_and_verify;
    if (!tls.client_allowed_sans.empty() && !required)
        return wrong(node, "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert (or "
                           "RequireAnyClientCert)");
    if (tls.min_version > tls.max_version) return wrong(node, "min_version is later than max_version");
    if (auto mapped = priority_string(tls); !mapped) return wrong(node, mapped.error().text);
    return {};
}

Result<void> read_tls(const YAML::Node& node, const std::filesystem::path& directory, Config& config) {
    TlsConfig tls;
    bool auth_given = false;
    const yaml::Fields fields{
        {"cert", yaml::text(tls.certificate.text, "cert")},
        {"key", yaml::text(tls.key.text, "key")},
        {"client_ca", yaml::text(tls.client_ca.text, "client_ca")},
        {"cert_file", file_path(tls.certificate.file, directory, "cert_file")},
        {"key_file", file_path(tls.key.file, directory, "key_file")},
        {"client_ca_file", file_path(tls.client_ca.file, directory, "client_ca_file")},
        {"client_auth_type", client_auth(tls.client_auth, auth_given)},
        {"client_allowed_sans", yaml::texts(tls.client_allowed_sans, "client_allowed_sans")},
        {"min_version", version(tls.min_version, "min_version")},
        {"max_version", version(tls.max_version, "max_version")},
        {"cipher_suites", names(tls.cipher_suites, "cipher_suites", is_cipher_suite)},
        {"curve_preferences", names(tls.curves, "curve_preferences", is_curve)},
        {"prefer_server_cipher_suites", yaml::flag(tls.prefer_server_cipher_suites, "prefer_server_cipher_suites")},
    };
    TRY_VOID(yaml::read_map(node, "tls_server_config", fields));
    if (!tls.certificate.given() && !tls.key.given() && !tls.client_ca.given() && !auth_given) return {};
    TRY_VOID(check_together(node, tls));
    config.tls = std::move(tls);
    return {};
}

bool is_control(unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; }

Result<void> read_headers(const YAML::Node& node, Config& config) {
    static const std::map<std::string_view, std::vector<std::string_view>> kAllowed{
        {"Strict-Transport-Security", {}},
        {"X-Content-Type-Options", {"nosniff"}},
        {"X-Frame-Options", {"deny", "sameorigin"}},
        {"X-XSS-Protection", {}},
        {"Content-Security-Policy", {}}};
    return yaml::read_entries(node, "headers", [&](const std::string& name, const YAML::Node& value) -> Result<void> {
        const auto known = kAllowed.find(name);
        if (known == kAllowed.end())
            return wrong(value, fmt::format("headers: {} cannot be set; possible are Strict-Transport-Security, "
                                            "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection and "
                                            "Content-Security-Policy",
                                            name));
        std::string text;
        TRY_VOID(yaml::text(text, name)(value));
        bool allowed = known->second.empty();
        for (const auto& each : known->second) allowed = allowed || each == text;
        if (!allowed) return wrong(value, fmt::format("headers: {} cannot be \"{}\"", name, text));
        if (std::ranges::any_of(text, is_control))
            return wrong(value, fmt::format("headers: {} has to be on one line, without control characters", name));
        // Says nothing, and libmicrohttpd would refuse the whole response.
        if (!text.empty()) config.headers.emplace_back(name, text);
        return {};
    });
}

Result<void> read_http(const YAML::Node& node, Config& config) {
    bool http2 = true; // accepted for the format's sake: HTTP/1.1 is spoken with everybody
    return yaml::read_map(node, "http_server_config",
                          {{"http2", yaml::flag(http2, "http2")},
                           {"headers", [&](const YAML::Node& headers) { return read_headers(headers, config); }}});
}

Result<void> read_users(const YAML::Node& node, Config& config) {
    const auto add = [&](const std::string& user, const YAML::Node& value) -> Result<void> {
        std::string hash;
        TRY_VOID(yaml::text(hash, user)(value));
        if (auto good = check_hash(hash); !good)
            return wrong(value, fmt::format("basic_auth_users: {}: {}", user, good.error().text));
        config.users[user] = hash;
        return {};
    };
    return yaml::read_entries(node, "basic_auth_users", add);
}

Result<Config> parse(const std::string& text, const std::filesystem::path& directory) {
    Config config;
    const auto root = YAML::Load(text);
    if (!root.IsDefined() || root.IsNull()) return config;
    TRY_VOID(yaml::read_map(
        root, "the file",
        {{"tls_server_config", [&](const YAML::Node& node) { return read_tls(node, directory, config); }},
         {"http_server_config", [&](const YAML::Node& node) { return read_http(node, config); }},
         {"basic_auth_users", [&](const YAML::Node& node) { return read_users(node, config); }}}));
    return config;
}

} // namespace

Result<Config> read_config(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::string text;
    // To the end of the file: a directory opens like one, and must not pass for an empty one that protects nothing.
    if (!std::getline(stream, text, '\0').eof())
        return fail(fmt::format("--web.config.file {}: cannot be read", file.string()));
    try {
        auto config = parse(text, file.parent_path());
        if (!config) return fail(fmt::format("--web.config.file {}: {}", file.string(), config.error().text));
        return config;
    } catch (const YAML::Exception& error) { // yaml-cpp has no other way to tell
        return fail(fmt::format("--web.config.file {}: line {}: {}", file.string(), error.mark.line + 1, error.msg));
    }
}

} // namespace web
